import Foundation
import Testing

/// A Stackfile for the real cloud, in a directory of its own: a cluster that nobody else knows.
struct CloudTrial: Sendable {
  let cloud: RealCloud
  let program: Program
  private let environment: [String: String]

  /// - Parameters:
  ///   - cloudName: that of the tests where it is nil.
  ///   - clouds: a clouds.yaml of its own.
  init(_ layout: String, cloudName: String? = nil, clouds: String? = nil, more: String = "") throws {
    cloud = try #require(RealCloud.current)
    program = try Program(Self.head(cloudName ?? cloud.name) + more + "\n" + layout)
    if let clouds { try program.write("clouds.yaml", clouds) }
    environment = ["OS_CLIENT_CONFIG_FILE": clouds == nil ? cloud.clouds : "\(program.path)/clouds.yaml"]
  }

  private static func head(_ cloud: String) -> String {
    """
    cluster = lab
    cloud = \(cloud)
    image = debian-12
    flavor = m1.tiny
    network = private

    """
  }

  func run(_ words: String...) async throws -> Program.Outcome { try await start(words).outcome.value }

  func start(_ words: [String]) throws -> Program.Running { try program.start(words, environment: environment) }

  /// What a cluster of one server that is ACTIVE has, as `left` says it.
  static let one = ["key pairs", "ports web", "security groups", "servers lab-web ACTIVE"]

  /// What of this cluster is in the cloud, as the cloud says.
  func left(as login: String? = nil) async throws -> [String] {
    guard let id = try await id() else { return [] }
    return try await cloud.ask("left", id, as: login)
  }

  /// The cluster's; nil where none was made yet.
  func id() async throws -> String? { try await cloud.ask("cluster", "\(program.path)/.stackmake").first }

  struct Server: Decodable, Equatable {
    var id: String
    var generation: Int
  }

  /// Those of this cluster, as the cloud says.
  func servers() async throws -> [Server] {
    guard let id = try await id() else { return [] }
    return try JSONDecoder().decode([Server].self, from: Data(try await cloud.answer(["servers", id]).utf8))
  }

  /// Fails as expected, with this message.
  func fails(_ words: String..., status: Int32 = 3, saying expected: String) async throws {
    let end = try await start(words).outcome.value
    #expect(end.status == status, "\(end)")
    #expect(Self.complaint(end.errors) == expected, "\(end.errors)")
  }

  /// Takes everything down: nothing is left then, and `gc` says so.
  func takeDown(as login: String? = nil) async throws {
    let clean = try await run("clean", "--yes")
    #expect(clean.status == 0, "\(clean.errors)")
    #expect(try await left(as: login) == [])
    let garbage = try await run("gc")
    #expect(garbage.status == 0 && garbage.output == "stackmake: nothing is left\n", "\(garbage)")
  }

  /// Waits until a target's log says this, for minutes.
  func waits(for words: String, of target: String) async throws {
    let log = ".stackmake/logs/\(target.replacing("/", with: ":"))"
    let isSaid = await isSo(within: .seconds(240)) {
      ["1", "2", "3"].contains { program.read("\(log)/\($0).log")?.contains(words) == true }
    }
    try #require(isSaid, "\(target) never said `\(words)`")
  }

  /// What went wrong in its words: from each `failed:` or `error:` on, with what differs from run to run replaced.
  static func complaint(_ errors: String) -> String {
    var lines: [String] = []
    var prefix: String?
    var isConsole = false
    for line in errors.split(separator: "\n").map(String.init) {
      if let start = line.firstMatch(of: #/^(?:(\S+): failed|stackmake: error): /#) {
        prefix = start.output.1.map { "\($0): " } ?? ""
        isConsole = false
        lines.append(line)
      } else if let known = prefix, line.hasPrefix(known + "  ") {
        let text = line.dropFirst(known.count).drop { $0 == " " }
        if text.hasPrefix("hint: ") { isConsole = false }
        if !isConsole { lines.append(line) }
        // What a machine says differs; that it is shown is enough.
        if text == "the end of its console:" { isConsole = true }
      } else if let known = prefix, known.isEmpty || !line.hasPrefix(known) {
        prefix = nil
      }
    }
    return settled(lines.joined(separator: "\n"))
  }

  /// What nova says when no host could build a server.
  static let spawnFailure = """
    Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ID.
    """

  static func settled(_ text: String) -> String {
    text.replacing(/req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-([0-9a-f]{12}|DIGEST)/, with: "REQUEST")
      .replacing(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-([0-9a-f]{12}|DIGEST)\b/, with: "ID")
      .replacing(/\b[0-9a-f]{32}\b/, with: "ID")
      .replacing(/\bstackmake-[a-z0-9]{12}\b/, with: "stackmake-CLUSTER")
      .replacing(/127\.0\.0\.1:\d+/, with: "CLOUD").replacing(/127\.0\.0\.1 port \d+/, with: "CLOUD")
      .replacing(/\b10\.\d+\.\d+\.\d+\b/, with: "ADDRESS")
      .replacing(/after \d+ ms/, with: "after T ms").replacing(/SHA256:[A-Za-z0-9+\/]+/, with: "SHA256:KEY")
      .replacing(/last_update: [^\n]+/, with: "last_update: T").replacing(/built in [^\n]+/, with: "built in T")
      .replacing(/OpenSSL SSL_(read|write): OpenSSL\/[0-9.]+: error:[0-9A-F]+:SSL routines::/, with: "OpenSSL: ")
      // What the host says, and what nova makes of it a moment later: which of them is seen is chance.
      .replacing("Build of instance ID aborted: fault=spawn: the server's metadata asks for it", with: spawnFailure)
  }
}
