import ArgumentParser
import StackMake
import Targets

/// `stackmake status`
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Each target: up to date, stale and why, locked, running, failed; each server.")

  @OptionGroup var common: CommonOptions

  @Option(
    name: .long,
    help: ArgumentHelp("Look again every so many seconds (2 unless given), until Ctrl-C.", valueName: "SECONDS"))
  var watch: Double?

  @Argument(help: ArgumentHelp("Targets or globs; NAME=VALUE sets a variable.", valueName: "target"))
  var words: [String] = []

  func validate() throws {
    if let watch, !(0.1...86_400).contains(watch) { throw ValidationError("--watch takes seconds, from 0.1 to 86400.") }
  }

  mutating func run() async throws {
    let (common, words) = (common, words)
    if let watch {
      return try await StatusWatch(interval: watch, json: common.json) { try await Self.look(common, words) }.run()
    }
    let look = try await Self.look(common, words)
    let lines = look.rows.map { look.text($0, json: common.json) } + [look.endText(json: common.json)]
    Console.write(lines.joined(), to: .standardOutput)
  }

  private static func look(_ common: CommonOptions, _ words: [String]) async throws -> StatusLook {
    let (goals, overrides) = CommandWords.split(words)
    let session = try Session.open(common, overrides: overrides)
    let targets = try session.targets(goals)
    let standing = try await Standing(session, targets)
    let waits = waiting(standing.plan, session.graph, failed: Set(standing.assessor.failures.keys))
    let rows = standing.plan.map { planned in
      StatusRow(
        planned, session.graph, standing.assessor, waitsFor: waits[planned.target],
        isRunning: standing.running.contains(session.graph.name(planned.target)))
    }
    return StatusLook(
      rows: rows, redactor: standing.redactor, now: Session.now(),
      cluster: session.graph.variables["cluster"] ?? "cluster", end: standing.end)
  }
}

/// What one look at the cluster gave.
struct StatusLook: Sendable {
  let rows: [StatusRow]
  /// When the cluster ends, in seconds since 1970.
  let end: Double?
  private let redactor: Redactor
  private let now: Double
  private let cluster: String
  private let width: Int

  init(rows: [StatusRow], redactor: Redactor, now: Double, cluster: String = "", end: Double? = nil) {
    (self.rows, self.redactor, self.now, self.cluster, self.end) = (rows, redactor, now, cluster, end)
    width = rows.map(\.name.count).max() ?? 0
  }

  /// A row's line, or lines, each with its newline and without secrets.
  func text(_ row: StatusRow, json: Bool) -> String {
    let text = json ? row.record.line + (row.server?.line ?? "") : row.line(width: width, now: now) + "\n"
    return redactor.redact(text)
  }
}

extension StatusCommand {
  /// For each target that isn't up to date the failed one that it waits for.
  static func waiting(_ plan: [PlannedTarget], _ graph: Graph, failed: Set<String>) -> [TargetID: String] {
    var waits: [TargetID: String] = [:]
    // Dependencies come first in a plan.
    for planned in plan where planned.state == .stale && !failed.contains(graph.name(planned.target)) {
      for dependency in graph.dependencies(planned.target, for: .order) {
        let name = graph.name(dependency)
        if let cause = failed.contains(name) ? name : waits[dependency] {
          waits[planned.target] = cause
          break
        }
      }
    }
    return waits
  }
}

extension StatusLook {
  /// When the cluster ends, with its newline; "" where no time is said.
  func endText(json: Bool) -> String {
    guard let end else { return "" }
    if json { return JSONCluster(cluster: cluster, endsAt: end).line }
    let more = end > now ? "" : ": `stackmake gc --expired` lists it, a longer `expire` keeps it"
    return "cluster \(cluster) \(ClusterEnd.text(end, now: now))\(more)\n"
  }
}

/// The cluster in `status --json`, where it has an end.
private struct JSONCluster: JSONRecord {
  var version = jsonVersion
  var type = "cluster"
  /// Its name.
  var cluster: String
  /// Seconds since 1970.
  var endsAt: Double

  enum CodingKeys: String, CodingKey {
    case version, type, cluster
    case endsAt = "ends-at"
  }
}

/// One target's line.
struct StatusRow: Sendable {
  let name: String
  let state: String
  let why: String
  let builtAt: Double?
  let place: String
  let record: JSONTarget
  /// Where it is one that is on record.
  let server: JSONServer?

  init(
    _ planned: PlannedTarget, _ graph: Graph, _ assessor: Assessor, waitsFor failed: String?, isRunning: Bool
  ) {
    name = graph.name(planned.target)
    let trace = assessor.traces[name]
    builtAt = trace?.builtAt
    var error: StepError?
    if isRunning {
      (state, why) = ("running", "")
    } else if case .locked(let lock) = planned.state {
      error = lock
      // What changed; that it failed before is what the lock says itself.
      let changes = planned.reasons.filter { if case .changed = $0 { true } else { false } }
      (state, why) = ("locked", lock.cause + (changes.isEmpty ? "" : " (\(ReasonText.text(changes)))"))
    } else if case .blocked(let blocker) = planned.state {
      (state, why) = ("unknown", "waits for `\(blocker)`")
    } else if let failure = assessor.failures[name] {
      error = failure.error
      (state, why) = ("failed", failure.error.cause.split(separator: "\n").first.map(String.init) ?? "")
    } else if let failed {
      (state, why) = ("unknown", "waits for `\(failed)`, which failed")
    } else {
      (state, why) = (planned.state.word, ReasonText.text(planned.reasons))
    }
    let outputs = trace.flatMap { ServerOutputs($0.outputs) }
    place =
      outputs.map { server in
        "\(server.ip), id \(server.id), generation \(server.generation), \(server.trust.text)"
          + (server.snapshot.map { ", from snapshot \($0)" } ?? "")
      } ?? ""
    let problem = assessor.observations.observation(of: planned.target)?.problem
    server = outputs.map {
      JSONServer(
        server: graph.place(planned.target).map { graph[$0].name } ?? "", id: $0.id, generation: $0.generation,
        address: $0.ip, hostKey: $0.trust.text, problem: problem)
    }
    record = JSONTarget(
      type: "status", target: name, kind: graph.kind(planned.target), state: state, reasons: planned.reasons,
      error: error, builtAt: builtAt)
  }

  /// Whether it says something else, but for how long ago something was.
  func differs(from other: StatusRow) -> Bool {
    (state, why, builtAt, place) != (other.state, other.why, other.builtAt, other.place) || server != other.server
  }

  func line(width: Int, now: Double) -> String {
    var text = name + String(repeating: " ", count: width - name.count) + "  "
    text += state == "fresh" ? "up to date" : state
    if state == "fresh", let builtAt { text += ", built \(AgeText.text(now - builtAt)) ago" }
    if !place.isEmpty { text += " (\(place))" }
    if !why.isEmpty { text += ": \(why)" }
    return text
  }
}
