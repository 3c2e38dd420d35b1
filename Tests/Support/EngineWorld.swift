package import StackMake

/// The engine with every seam faked: a Stackfile in, a run out; the record and the files stay between runs.
package final class EngineWorld: Sendable {
  package let store = InMemoryStore()
  package let files: InMemoryFileSystem
  package let runner = FakeRunner()
  package let kind = FakeKind()
  package let time = ManualTime(1000)
  private let pool = ThreadPool(width: 16)

  package init(files: [String: String] = [:]) { self.files = InMemoryFileSystem(texts: files) }

  package struct Result: Sendable {
    package let summary: Summary
    package let events: [Event]

    /// What became of a target, as a word.
    package func outcome(_ target: String) -> Outcome? {
      for case .finished(target, let outcome, _) in events { return outcome }
      return nil
    }
    package func reasons(_ target: String) -> [StaleReason]? {
      for case .started(target, let reasons, _) in events { return reasons }
      return nil
    }
  }

  package func graph(_ text: String) throws -> Graph { try Graph.stackfile(text, files: files) }

  /// The targets that `goals` names, or all.
  package static func targets(_ goals: [String], in graph: Graph) -> [TargetID] {
    goals.isEmpty ? Array(graph.targets) : goals.map { graph.target(named: $0)! }
  }

  package func assessor(
    _ graph: Graph, _ targets: [TargetID], forced: [String] = [], secrets: [String: String] = [:]
  ) async throws -> Assessor {
    let kinds = Dictionary((graph.kinds + ["task"]).map { ($0, kind as any TargetKind) }) { first, _ in first }
    let (files, _) = SourceFiles.read(graph.closure(of: targets), in: graph, from: files)
    return try Assessor(
      graph: graph, kinds: kinds, files: files, secretDigests: secrets.mapValues { Fingerprint(of: $0).short },
      store: store, observations: try await Assessor.observe(targets, in: graph, kinds: kinds),
      forced: Set(forced.map { graph.target(named: $0)! }))
  }

  package func plan(_ text: String, _ goals: [String] = [], forced: [String] = []) async throws -> [String:
    PlannedTarget]
  {
    let graph = try graph(text)
    let targets = Self.targets(goals, in: graph)
    let plan = try await assessor(graph, targets, forced: forced).plan(targets)
    return Dictionary(uniqueKeysWithValues: plan.map { (graph.name($0.target), $0) })
  }

  @discardableResult
  package func build(
    _ text: String, _ goals: [String] = [], jobs: Int = 8, keepsGoing: Bool = false, forced: [String] = [],
    secrets: [String: String] = [:], interrupt: Interrupt = Interrupt()
  ) async throws -> Result {
    let graph = try graph(text)
    return try await build(
      graph, goals, jobs: jobs, keepsGoing: keepsGoing, forced: forced, secrets: secrets, interrupt: interrupt)
  }

  package func build(
    _ graph: Graph, _ goals: [String] = [], jobs: Int = 8, keepsGoing: Bool = false, forced: [String] = [],
    secrets: [String: String] = [:], interrupt: Interrupt = Interrupt()
  ) async throws -> Result {
    let targets = Self.targets(goals, in: graph)
    let assessor = try await assessor(graph, targets, forced: forced, secrets: secrets)
    let reporter = RecordingReporter()
    let time = time
    let builder = Builder(
      assessor: assessor, runner: runner, files: assessor.walk.files, secrets: secrets, store: store,
      reporter: reporter, interrupt: interrupt, pool: pool,
      now: {
        time.advance(by: 1)
        return time.now
      }, jobs: jobs, keepsGoing: keepsGoing)
    let run = store.beginRun(Run(command: "", startedAt: time.now))
    let summary = try await builder.build(targets, run: run)
    return Result(summary: summary, events: reporter.events)
  }

  /// Waits until `condition` holds, for ten seconds at most; says whether it does.
  package static func wait(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2000 {
      if condition() { return true }
      try? await Task.sleep(for: .milliseconds(5))
    }
    return condition()
  }
}
