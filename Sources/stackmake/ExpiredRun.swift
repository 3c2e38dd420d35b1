import FoundationEssentials
import StackMake
import SystemPackage
import Targets

/// `gc --expired`: clusters of a cloud that are past their end, whoever made them; needs no Stackfile.
struct ExpiredRun {
  let common: CommonOptions
  let overrides: [(name: String, value: String)]
  let isDeleting: Bool
  let isAsking: Bool
  let json: Bool

  func run() async throws {
    let (cloud, session) = try cloud()
    let now = Session.now()
    let expired = ExpiredCluster.all(try await asked("list servers") { try await cloud.allMachines() }, now: now)
    if !isDeleting || expired.isEmpty {
      Console.write(ExpiredText(json: json).text(expired, now: now), to: .standardOutput)
      if !expired.isEmpty { throw ExitStatusError.stale }
      return
    }
    if isAsking, Terminal.isTerminal(2) {
      Console.write(ExpiredText(json: false).text(expired, now: now), to: .standardError)
      guard Console.confirm("delete \(expired.count == 1 ? "it" : "them")?") else {
        Console.error("stackmake: nothing was done")
        throw ExitStatusError.wrongUse
      }
    }
    // Where this directory's own cluster is among them, nobody builds it meanwhile.
    let lock = try ownLock(session, expired)
    for cluster in expired { try await delete(cluster, cloud) }
    if lock != nil, let session { try forget(session) }
    let left = ExpiredCluster.all(try await asked("list servers") { try await cloud.allMachines() }, now: now)
    Console.write(ExpiredText(json: json).text(left, now: now), to: .standardOutput)
    extendLifetime(lock)
    if !left.isEmpty { throw ExitStatusError.failed }
  }

  private func delete(_ cluster: ExpiredCluster, _ cloud: any Cloud) async throws {
    try await asked("delete cluster `\(cluster.name)`") {
      if !common.silent {
        for machine in cluster.machines { Console.error("stackmake: deleting server \(machine.name) (\(machine.id))") }
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, machine) in cluster.machines.enumerated() {
          if index >= Self.width { try await group.next() }
          group.addTask { try await cloud.delete(machine.id, wait: true) }
        }
        try await group.waitForAll()
      }
      for resource in try await cloud.resources(ofCluster: cluster.id, Set(CloudResource.Kind.allCases)) {
        if !common.silent { Console.error("stackmake: deleting \(resource.kind.rawValue) \(resource.name)") }
        try await cloud.delete(resource)
      }
    }
  }

  /// Servers that are deleted at once.
  private static let width = 16

  private func ownLock(_ session: Session?, _ expired: [ExpiredCluster]) throws -> StateLock.Held? {
    guard let session else { return nil }
    let store = try session.readOnlyStore()
    let own = try session.recorded { () throws(StoreError) in
      try store.registers(prefix: Cluster.idRegister)[Cluster.idRegister]
    }
    return expired.contains { $0.id == own } ? try session.lock() : nil
  }

  /// As after `clean`: nothing is on record of what is gone.
  private func forget(_ session: Session) throws {
    let store = try session.store()
    try session.recorded { () throws(StoreError) in
      try store.forget(World.recordedTargets(store).sorted())
      for intent in try store.intents() { try store.settle(intent.id, set: [:]) }
    }
  }

  /// That of the Stackfile; where there is none, the one that the words and the environment name.
  private func cloud() throws -> (any Cloud, Session?) {
    let file = try Session.stackfile(common)
    let directory = file.removingLastComponent().lexicallyNormalized()
    let isVerbose = common.verbose
    let trace = { @Sendable (line: String) in if isVerbose { Console.error(line) } }
    let note = { @Sendable (line: String) in Console.error("stackmake: \(line)") }
    var session: Session?
    let choice: CloudChoice
    if common.file == nil, (try? LocalFileSystem(directory: directory).kind(of: file)) == nil {
      let variables = Dictionary(overrides.map { ($0.name, $0.value) }) { _, last in last }
      choice = CloudChoice(
        name: variables["cloud"], mirror: nil, environment: ProcessInfo.processInfo.environment, directory: directory,
        fileSystem: LocalFileSystem(directory: directory), note: note, trace: trace)
    } else {
      session = try Session.open(common, overrides: overrides)
      choice = CloudChoice(session!, note: note, trace: trace)
    }
    guard !choice.isStatic else {
      Console.error("stackmake: error: servers of `cloud = static` have no end: they were there before")
      throw ExitStatusError.wrongUse
    }
    return (choice.isLocal ? LocalCloud(choice.localSettings) : try choice.openStack(), session)
  }

  private func asked<R>(_ what: String, _ body: () async throws -> R) async throws -> R {
    do {
      return try await body()
    } catch let error as CloudError {
      Console.error("stackmake: error: \(what): \(error)")
      throw ExitStatusError.failed
    }
  }
}

/// Lists clusters that are past their end, for people or as JSON.
struct ExpiredText {
  let json: Bool

  func text(_ clusters: [ExpiredCluster], now: Double) -> String {
    if json {
      return clusters.map { JSONExpired($0).line }.joined() + JSONExpiredCount(count: clusters.count).line
    }
    guard !clusters.isEmpty else { return "stackmake: nothing is past its end\n" }
    let lines = clusters.map { cluster in
      let servers = cluster.machines.map(\.name).joined(separator: ", ")
      return "cluster \(cluster.name) (\(cluster.id)) \(ClusterEnd.text(cluster.end, now: now)): \(servers)\n"
    }
    let many =
      clusters.count == 1
      ? "1 cluster is past its end, and `stackmake gc --expired --yes` deletes it"
      : "\(clusters.count) clusters are past their ends, and `stackmake gc --expired --yes` deletes them"
    return lines.joined() + "stackmake: \(many)\n"
  }
}

/// A cluster in `gc --expired --json`.
private struct JSONExpired: JSONRecord {
  var version = jsonVersion
  var type = "expired"
  var cluster: String
  var name: String
  /// Seconds since 1970.
  var endsAt: Double
  var servers: [String]

  init(_ expired: ExpiredCluster) {
    (cluster, name, endsAt, servers) = (expired.id, expired.name, expired.end, expired.machines.map(\.name))
  }

  enum CodingKeys: String, CodingKey {
    case version, type, cluster, name, servers
    case endsAt = "ends-at"
  }
}

/// The last line of `gc --expired --json`: how many there are.
private struct JSONExpiredCount: JSONRecord {
  var version = jsonVersion
  var type = "expired-clusters"
  var count: Int
}
