import Synchronization
import SystemPackage

/// Gathers what a target's turn was like, for the history. Told by the turn itself, from one task at a time.
final class TurnRecord: Sendable {
  private let steps = Mutex<[Turn.Step]>([])

  func stepStarted(_ number: Int, text: String, place: String, at: Double) {
    steps.withLock { $0.append(Turn.Step(number: number, text: text, place: place, startedAt: at)) }
  }

  func phase(_ name: String, at: Double) {
    steps.withLock { steps in
      if let last = steps.indices.last { steps[last].phases.append(Turn.Step.Phase(name, at: at)) }
    }
  }

  func stepFinished(seconds: Double) {
    steps.withLock { steps in
      if let last = steps.indices.last { steps[last].seconds = seconds }
    }
  }

  func turn(
    _ target: String, run: Int64, startedAt: Double, endedAt: Double, outcome: Outcome, reasons: [StaleReason],
    _ redactor: Redactor
  ) -> Turn {
    Turn(
      run: run, target: target, startedAt: startedAt, endedAt: endedAt, outcome: outcome.name,
      reasons: reasons.map { redactor.redact(ReasonText.text($0)) }, cause: outcome.cause.map { redactor.redact($0) },
      steps: steps.withLock { $0 }.map { step in
        var step = step
        for i in step.phases.indices { step.phases[i].name = redactor.redact(step.phases[i].name) }
        return step
      })
  }
}

extension Outcome {
  /// What went wrong, for the history.
  fileprivate var cause: String? {
    switch self {
    case .failed(let error), .locked(let error, _): error.cause
    case .skipped(let dependency): "it depends on `\(dependency)`"
    case .fresh, .built, .interrupted: nil
    }
  }
}

/// The text of the file that was asked for last: many targets in a row put the same one.
final class LastText: Sendable {
  private let last = Mutex<(digest: Fingerprint, text: String?)?>(nil)

  func text(_ digest: Fingerprint, _ read: () -> String?) -> String? {
    if let last = last.withLock({ $0 }), last.digest == digest { return last.text }
    let text = read()
    last.withLock { $0 = (digest, text) }
    return text
  }
}

extension SourceFiles {
  /// The texts of files that the `put` steps of a target move, to be compared with later ones: within the limits of
  /// `KeptText`, and what isn't UTF-8 not at all.
  func kept(
    of target: TargetID, in graph: Graph, secrets: [String: String], digests: [String: String]
  ) -> [KeptText] {
    var kept: [KeptText] = []
    var size = 0
    for step in graph.recipe(target) {
      guard case .put(let transfer) = step.body else { continue }
      for file in files(of: transfer.source) {
        let digest = file.fingerprint.digest
        guard file.fingerprint.size <= KeptText.longestFile, size + Int(file.fingerprint.size) <= KeptText.mostOfTarget,
          !kept.contains(where: { $0.digest == digest }), let text = lastText.text(digest, { text(of: file) })
        else { continue }
        size += Int(file.fingerprint.size)
        kept.append(KeptText(digest: digest, text: Self.hidden(text, secrets, digests)))
      }
    }
    return kept
  }

  /// What is in a file, where it is text and still what was fingerprinted.
  package func text(of file: File) -> String? {
    guard let bytes = file.bytes ?? read(file.path), Fingerprint(of: bytes) == file.fingerprint.digest,
      !bytes.contains(0)
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  private func read(_ path: String) -> [UInt8]? {
    // One that can't be read any more is said where it is put.
    do throws(FileError) { return try fileSystem?.read(FilePath(path)) } catch { return nil }
  }

  /// As a manifest hides secrets.
  package static func hidden(_ text: String, _ secrets: [String: String], _ digests: [String: String]) -> String {
    var text = text
    for (name, value) in secrets.sorted(by: { $0.value.count > $1.value.count }) where !value.isEmpty {
      text = text.replacing(value, with: "••••[\(digests[name] ?? "new")]")
    }
    return text
  }
}
