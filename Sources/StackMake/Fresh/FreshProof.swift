package import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// Why there is nothing to do, kept so that the next run can say so without loading anything.
///
/// A run that found every goal up to date writes down all that its answer came from: the question (which program,
/// Stackfile, goals and variables), variables of the environment, a stamp of each file, the state of the record. As
/// long as all of that is the same, so is the answer. What can't be written down, such as what a cloud would say,
/// gives no proof. The file is a cache: whatever is wrong with it, the answer is worked out.
package struct FreshProof: Hashable, Sendable {
  /// What is asked. Two runs with the same question differ only by what they find.
  package struct Question: Hashable, Sendable {
    fileprivate var entries: [ManifestEntry]

    /// - Parameters:
    ///   - program: the running program, which brings packs and kinds.
    ///   - stackfile: its absolute path.
    package init(
      program: FileStamp, version: String, stackfile: String, goals: [String],
      overrides: [(name: String, value: String)]
    ) {
      entries = [
        ManifestEntry("version", version), ManifestEntry("program", program.text),
        ManifestEntry("stackfile", stackfile),
      ]
      entries += goals.map { ManifestEntry("goal", $0) }
      // Who sets a password there doesn't want it kept.
      entries += overrides.map { ManifestEntry("set \($0.name)", Fingerprint(of: $0.value).hexadecimal) }
    }
  }

  /// How much of the environment the answer came from.
  package enum EnvironmentUse: Hashable, Sendable {
    case names(Set<String>)
    case all
  }

  package static let fileName: FilePath.Component = "fresh"
  private static let filePrefix = "file "
  private static let environmentPrefix = "env "

  private let question: Question
  private let entries: [ManifestEntry]
  /// How many targets are up to date.
  package let count: Int
  /// The Stackfile has servers: the answer holds where the cloud isn't to be asked.
  package let trustsRecord: Bool

  /// Nil where the answer can't be proved.
  ///
  /// - Parameters:
  ///   - files: as they were before they were looked at.
  ///   - moment: when the first of them was, or earlier, in nanoseconds since 1970.
  package init?(
    _ question: Question, environment: [String: String], using use: EnvironmentUse, files: [String: FileStamp],
    since moment: Int64, record: RecordStamp, count: Int, trustsRecord: Bool
  ) {
    guard files.allSatisfy({ $0.value.isSettled(at: moment) && FileStamp(of: $0.key) == $0.value }) else { return nil }
    self.question = question
    self.count = count
    self.trustsRecord = trustsRecord
    var entries: [ManifestEntry] = []
    switch use {
    case .all: entries.append(ManifestEntry("environment", Self.digest(environment)))
    case .names(let names):
      entries += names.sorted().map { ManifestEntry(Self.environmentPrefix + $0, Self.digest(environment[$0])) }
    }
    entries += files.sorted { $0.key < $1.key }.map { ManifestEntry(Self.filePrefix + $0.key, $0.value.text) }
    entries.append(ManifestEntry("record", record.text))
    self.entries = entries
  }

  /// Whether it answers the question, and everything that it rests on is as it was.
  package func holds(
    for question: Question, environment: [String: String], asksCloud: Bool, in directory: FilePath
  ) -> Bool {
    guard question == self.question, !(asksCloud && trustsRecord) else { return false }
    return entries.allSatisfy { entry in
      if entry.key == "record" { return RecordStamp(of: directory).text == entry.value }
      if entry.key == "environment" { return Self.digest(environment) == entry.value }
      if entry.key.hasPrefix(Self.filePrefix) {
        return FileStamp(of: String(entry.key.dropFirst(Self.filePrefix.count))).text == entry.value
      }
      return Self.digest(environment[String(entry.key.dropFirst(Self.environmentPrefix.count))]) == entry.value
    }
  }

  private static func digest(_ value: String?) -> String { value.map { Fingerprint(of: $0).hexadecimal } ?? "" }

  private static func digest(_ environment: [String: String]) -> String {
    Fingerprint(of: RecordBlob.encode(environment)).hexadecimal
  }
}

// MARK: - The file

extension FreshProof {
  /// Nil where there is none, or none that can be read.
  package init?(readFrom directory: FilePath) {
    guard let bytes = try? StateDirectory.bytes(of: directory.appending(Self.fileName)),
      bytes.count > Self.digestSize
    else { return nil }
    let body = bytes.dropLast(Self.digestSize)
    // What a crash left of it proves nothing.
    guard Fingerprint(of: body).bytes == Array(bytes.suffix(Self.digestSize)),
      let all = try? Array(body).withUnsafeBytes({ try RecordBlob.entries($0) }), all.count > 2,
      let questions = Int(all[0].value), let count = Int(all[1].value), (2...all.count).contains(questions)
    else { return nil }
    question = Question(stored: Array(all[2..<questions]))
    self.count = count
    trustsRecord = all[1].key == Self.trustingKey
    entries = Array(all[questions...])
  }

  /// Written beside it and renamed. That it can't be written is no reason to say anything.
  package func write(to directory: FilePath) {
    let head = [
      ManifestEntry("questions end at", String(question.entries.count + 2)),
      ManifestEntry(trustsRecord ? Self.trustingKey : "count", String(count)),
    ]
    let body = RecordBlob.encode(head + question.entries + entries)
    let path = directory.appending(Self.fileName).string
    let new = "\(path).\(getpid())"
    let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    let bytes = body + Fingerprint(of: body).bytes
    let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count
    close(descriptor)
    if !isWritten || rename(new, path) != 0 { unlink(new) }
  }

  private static let digestSize = 32
  private static let trustingKey = "count without a cloud"
}

extension FreshProof.Question {
  fileprivate init(stored: [ManifestEntry]) { entries = stored }
}
