import StackMake
import Support
import Testing

@Suite struct RecipeDecisionTests {
  /// What is known of a step that ran in a build that didn't end.
  struct Known: Sendable {
    var number: Int
    var state: StepRecord.State
    /// The text of the step then; nil is as now.
    var text: String?
    var generation: String?
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var now: [String]
    /// The recipe of the last build that succeeded.
    var built: [String]?
    var progress: [Known] = []
    var isForced = false
    /// On this machine instead of on a server.
    var isLocal = false
    var generation = "1"
    var builtGeneration = "1"
    var input = "1"
    var builtInput = "1"
    /// Steps that run, from 1; nil is locked.
    var runs: [Int]?
    var cause: String?
  }

  static let cases = [
    Case(testDescription: "never built", now: ["a", "b"], runs: [1, 2]),
    Case(testDescription: "no recipe", now: [], runs: []),
    Case(
      testDescription: "goes on where it failed", now: ["a", "b", "c"],
      progress: [Known(number: 0, state: .done), Known(number: 1, state: .failed)], runs: [2, 3]),
    Case(
      testDescription: "goes on where it was cut off", now: ["a", "b", "c"],
      progress: [Known(number: 0, state: .done), Known(number: 1, state: .started)], runs: [2, 3]),
    Case(
      testDescription: "all steps done and not yet finished", now: ["a", "b"],
      progress: [Known(number: 0, state: .done), Known(number: 1, state: .done)], runs: []),
    Case(
      testDescription: "what was done changed since", now: ["a2", "b", "c"],
      progress: [Known(number: 0, state: .done, text: "a"), Known(number: 1, state: .failed)], runs: [1, 2, 3]),
    Case(
      testDescription: "a changed step runs with what follows", now: ["a", "b2", "c"], built: ["a", "b", "c"],
      runs: [2, 3]),
    Case(testDescription: "an added step", now: ["a", "b"], built: ["a"], runs: [2]),
    Case(testDescription: "a removed last step leaves nothing changed", now: ["a"], built: ["a", "b"], runs: [1]),
    Case(testDescription: "a removed first step", now: ["b", "c"], built: ["a", "b", "c"], runs: [1, 2]),
    Case(testDescription: "an input changed", now: ["a", "b"], built: ["a", "b"], input: "2", runs: [1, 2]),
    Case(testDescription: "forced", now: ["a", "b"], built: ["a", "b"], isForced: true, runs: [1, 2]),
    Case(
      testDescription: "a change that got only part of the way reruns the rest", now: ["a2", "b", "c"],
      built: ["a", "b", "c"], progress: [Known(number: 0, state: .done)], runs: [2, 3]),
    Case(
      testDescription: "a later change that failed leaves what is before it", now: ["a", "b2", "c"],
      built: ["a", "b", "c"], progress: [Known(number: 1, state: .failed)], runs: [2, 3]),
    Case(
      testDescription: "what follows the last once step may run again", now: ["a", "once b", "c2"],
      built: ["a", "once b", "c"], runs: [3]),
    Case(
      testDescription: "forced after once", now: ["a", "once b", "c"], built: ["a", "once b", "c"], isForced: true,
      runs: [3]),
    Case(
      testDescription: "forced with once last", now: ["a", "once b"], built: ["a", "once b"], isForced: true, runs: []),
    Case(
      testDescription: "once not yet reached", now: ["a2", "once b"],
      progress: [Known(number: 0, state: .failed, text: "a")],
      runs: [1, 2]),
    Case(
      testDescription: "once failed", now: ["a", "once b"],
      progress: [Known(number: 0, state: .done), Known(number: 1, state: .failed)],
      cause: "step 2 must run only once, and failed"),
    Case(
      testDescription: "once failed, forced", now: ["once b"], progress: [Known(number: 0, state: .failed)],
      isForced: true,
      cause: "step 1 must run only once, and failed"),
    Case(
      testDescription: "once failed and changed since", now: ["once b2"],
      progress: [Known(number: 0, state: .failed, text: "once b")], cause: "step 1 must run only once, and failed"),
    Case(
      testDescription: "once cut off at a place: attach", now: ["a", "once b", "c"],
      progress: [Known(number: 0, state: .done), Known(number: 1, state: .started)], runs: [2, 3]),
    Case(
      testDescription: "once cut off at a place, forced: attach", now: ["once b"],
      progress: [Known(number: 0, state: .started)], isForced: true, runs: [1]),
    Case(
      testDescription: "once cut off on this machine", now: ["once b"], progress: [Known(number: 0, state: .started)],
      isLocal: true, cause: "step 1 must run only once, and was cut off"),
    Case(
      testDescription: "once cut off, and changed since", now: ["once b2"],
      progress: [Known(number: 0, state: .started, text: "once b")],
      cause: "step 1 must run only once, has started, and changed since"),
    Case(
      testDescription: "what is before once changed", now: ["a2", "once b"], built: ["a", "once b"],
      cause: "step 2 must run only once, and what comes before it changed since it ran"),
    Case(
      testDescription: "what is before once changed, forced", now: ["a2", "once b"], built: ["a", "once b"],
      isForced: true,
      cause: "step 2 must run only once, and what comes before it changed since it ran"),
    Case(
      testDescription: "once changed", now: ["a", "once b2"], built: ["a", "once b"],
      cause: "step 2 must run only once, and it or what it depends on changed since it ran"),
    Case(
      testDescription: "an input of once changed", now: ["once b"], built: ["once b"], input: "2",
      cause: "step 1 must run only once, and it or what it depends on changed since it ran"),
    Case(
      testDescription: "a step was put before once", now: ["a", "once b"], built: ["once b"],
      cause: "step 2 must run only once, and what comes before it changed since it ran"),
    Case(
      testDescription: "the step before once was removed", now: ["once b"], built: ["a", "once b"],
      cause: "step 1 must run only once, and what comes before it changed since it ran"),
    Case(
      testDescription: "a step was put before once that failed", now: ["x", "a", "once b"],
      progress: [Known(number: 0, state: .done, text: "a"), Known(number: 1, state: .failed, text: "once b")],
      cause: "step 2 must run only once, and failed"),
    Case(
      testDescription: "once is once no more", now: ["b"], built: ["once b"],
      cause: "step 1 must run only once, and it or what it depends on changed since it ran"),
    Case(
      testDescription: "once was removed", now: [], built: ["once b"],
      cause: "step 1 must run only once, and it or what it depends on changed since it ran"),
    Case(
      testDescription: "became once after it ran", now: ["a", "once b"], built: ["a", "b"],
      cause: "step 2 must run only once, and it or what it depends on changed since it ran"),
    Case(testDescription: "once is new", now: ["a", "once c"], built: ["a", "b"], runs: [2]),
    Case(
      testDescription: "a second once after the first", now: ["once b", "once c"], built: ["once b"], runs: [2]),
    Case(
      testDescription: "a fresh generation runs all", now: ["a2", "once b"], built: ["a", "once b"], generation: "2",
      runs: [1, 2]),
    Case(
      testDescription: "a fresh generation after a failure", now: ["once b"],
      progress: [Known(number: 0, state: .failed, generation: "1")], generation: "2", runs: [1]),
  ]

  @Test(arguments: cases) func decides(_ test: Case) throws {
    let situation = try Self.situation(test)
    let decision = RecipeDecision.decide(situation)
    switch (decision, test.runs) {
    case (.run(let actions), let runs?): #expect(actions == runs.map { .step($0 - 1) })
    case (.locked(let error), nil):
      #expect(error.cause == test.cause)
      #expect(error.code == .locked)
      #expect(error.hint == "`stackmake clean \(situation.name)` gives it a fresh start")
    default: Issue.record("\(decision)")
    }
  }

  private static func situation(_ test: Case) throws -> Situation {
    let name = test.isLocal ? "app" : "app/web"
    func graph(_ recipe: [String]) throws -> Graph {
      try Graph.stackfile(
        "layout:\n    web\ndep:\n    true\n\(name): dep\n" + recipe.map { "    \($0)\n" }.joined())
    }
    func manifest(_ recipe: [String], _ generation: String, _ input: String) throws -> (Manifest, Graph) {
      let graph = try graph(recipe)
      let kinds = Dictionary((graph.kinds + ["task"]).map { ($0, FakeKind() as any TargetKind) }) { first, _ in first }
      let walk = ManifestWalk(graph: graph, kinds: kinds, files: SourceFiles(), secretDigests: [:])
      let manifest = walk.manifest(of: graph.target(named: name)!) { target in
        graph.name(target) == "server/web" ? ["generation": generation] : ["value": input]
      }.manifest
      return (manifest, graph)
    }
    let (now, graph) = try manifest(test.now, test.generation, test.input)
    let trace = try test.built.map { recipe in
      let then = try manifest(recipe, test.builtGeneration, test.builtInput).0
      return Trace(
        target: name, kind: "task", fingerprint: then.fingerprint, manifest: then.entries, outputs: [:], run: 1,
        builtAt: 0, seconds: 0)
    }
    let progress = try test.progress.map { known in
      let generation = known.generation ?? test.generation
      let text = known.text ?? test.now[known.number]
      // The digest of a step is that of its number, its text and the context.
      let recipe = Array(repeating: "x", count: known.number) + [text]
      let fingerprint = try manifest(recipe, generation, test.input).0.steps[known.number]
      return StepRecord(
        number: known.number, fingerprint: fingerprint, state: known.state, isOnce: text.hasPrefix("once "),
        generation: test.isLocal ? "" : generation, at: 1)
    }
    return Situation(
      target: graph.target(named: name)!, graph: graph, manifest: now, trace: trace, progress: progress,
      observation: nil, reasons: [.forced], isForced: test.isForced)
  }

  @Test(arguments: [
    ("on a b", ["1", "1"], ["2", "1"], true), ("on a b", ["1", "1"], ["2", "2"], false),
    ("on a b", ["1", "1"], ["1", "1"], true), ("on a", ["1", "1"], ["1", "1"], true),
  ]) func onceAtSeveralPlaces(site: String, then: [String], now: [String], isLocked: Bool) throws {
    func manifest(_ site: String, _ generations: [String], _ text: String) throws -> (Manifest, Graph) {
      let graph = try Graph.stackfile("layout:\n    a\n    b\nt:\n    \(site)\n    once \(text)\n")
      let kinds = Dictionary(graph.kinds.map { ($0, FakeKind() as any TargetKind) }) { first, _ in first }
      let walk = ManifestWalk(graph: graph, kinds: kinds, files: SourceFiles(), secretDigests: [:])
      let made = walk.manifest(of: graph.target(named: "t")!) { target in
        ["generation": graph.name(target) == "server/a" ? generations[0] : generations[1]]
      }
      return (made.manifest, graph)
    }
    let (old, _) = try manifest("on a b", then, "x")
    let (new, graph) = try manifest(site, now, "y")
    let trace = Trace(
      target: "t", kind: "task", fingerprint: old.fingerprint, manifest: old.entries, outputs: [:], run: 1, builtAt: 0,
      seconds: 0)
    let decision = RecipeDecision.decide(
      Situation(
        target: graph.target(named: "t")!, graph: graph, manifest: new, trace: trace, progress: [], observation: nil,
        reasons: [.forced], isForced: false))
    if case .locked = decision { #expect(isLocked) } else { #expect(!isLocked) }
  }
}
