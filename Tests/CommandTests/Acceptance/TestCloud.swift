import Foundation
import Testing

/// What differs between the clouds that the tests run on. It looks by means of its own, never by stackmake's.
protocol TestCloud: Sendable {
  /// The first lines of a Stackfile: which cloud, and what a server is made of there.
  var settings: String { get }
  /// What stackmake is started with.
  var environment: [String: String] { get }

  /// The cluster's machines, however much of them there is.
  func machines() async throws -> [TestMachine]
  /// Deletes a machine as somebody else would: stackmake's record knows nothing of it.
  func delete(_ machine: TestMachine) async throws
  /// Learns by what the cluster's things are told from others'; what it returns looks for them later, and names what is left.
  func traces() async throws -> @Sendable () async throws -> [String]
  /// Removes all that the cluster made, whatever state it is in. `state`: its state directory, where there is one.
  func takeDown(state: String) async throws
}

/// One server of a cluster. Its machine runs on this host, in either cloud: looking at its disk runs nothing on it.
struct TestMachine: Sendable, Hashable {
  /// As the cloud and stackmake know it.
  let id: String
  let server: String
  let generation: Int
  let address: String
  /// Nil where the cloud has it only on paper.
  let machine: HostMachine?

  /// A file in its user's home; "" where there is none.
  func home(_ file: String) -> String { machine?.text("upper/home/stack/\(file)") ?? "" }

  /// The process that runs it, and since when.
  var supervisor: String { machine?.text("supervisor") ?? "" }
}

/// A machine of the local cloud by its files on this host: the record beside them says what it is.
struct HostMachine: Sendable, Hashable {
  struct Record: Decodable, Hashable {
    var id: String
    var server: String
    var generation: Int
    var address: String
  }

  let directory: String
  let record: Record

  /// All of a root.
  static func all(in root: String) -> [HostMachine] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/machines")) ?? []
    return names.compactMap { name in
      let directory = "\(root)/machines/\(name)"
      guard let data = FileManager.default.contents(atPath: "\(directory)/machine.json"),
        let record = try? JSONDecoder().decode(Record.self, from: data)
      else { return nil }
      return HostMachine(directory: directory, record: record)
    }
  }

  /// The host's end of its cable.
  var link: String { "smv\(record.id)" }

  /// A file of its disk, or of those beside it.
  func text(_ file: String) -> String? {
    FileManager.default.contents(atPath: "\(directory)/gen-\(record.generation)/\(file)")
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// Its processes of this name, as this host numbers them.
  func processes(_ isOne: (String) -> Bool) -> [Int32] {
    HostProcess.all.filter { $0.groups.contains("-\(record.id)-g\(record.generation)") && isOne($0.command) }
      .map(\.pid)
  }
}

/// A process of this host, in whatever namespace.
struct HostProcess: Sendable {
  var pid: Int32
  var command: String
  var groups: String
  var mounts: String

  static var all: [HostProcess] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.map { pid in
      HostProcess(
        pid: pid, command: text(pid, "cmdline").replacing("\0", with: " "), groups: text(pid, "cgroup"),
        mounts: text(pid, "mountinfo"))
    }
  }

  private static func text(_ pid: Int32, _ file: String) -> String {
    FileManager.default.contents(atPath: "/proc/\(pid)/\(file)").map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
