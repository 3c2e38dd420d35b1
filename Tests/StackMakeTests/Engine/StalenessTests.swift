import StackMake
import Testing

@Suite struct StalenessTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var old: [ManifestEntry]? = [ManifestEntry("k", "1"), ManifestEntry("step 1", "a")]
    var new = [ManifestEntry("k", "1"), ManifestEntry("step 1", "a")]
    var drift: StaleReason?
    var failure: String?
    var unfinished: Int?
    var isForced = false
    var reasons: [StaleReason]
  }

  static let gone = StaleReason.drift(what: "server", old: "7", new: "deleted")
  static let cases = [
    Case(testDescription: "the same", reasons: []),
    Case(testDescription: "never built", old: nil, reasons: [.neverBuilt]),
    Case(
      testDescription: "changed", new: [ManifestEntry("k", "2"), ManifestEntry("step 1", "a")],
      reasons: [.changed(key: "k", old: "1", new: "2")]),
    Case(
      testDescription: "added and removed", new: [ManifestEntry("k", "1"), ManifestEntry("step 2", "b")],
      reasons: [.changed(key: "step 2", old: nil, new: "b"), .changed(key: "step 1", old: "a", new: nil)]),
    Case(
      testDescription: "in another order", new: [ManifestEntry("step 1", "a"), ManifestEntry("k", "1")],
      reasons: [.changed(key: "order", old: "k, step 1", new: "step 1, k")]),
    Case(testDescription: "drift", drift: gone, reasons: [gone]),
    Case(
      testDescription: "drift and a change", new: [ManifestEntry("k", "2"), ManifestEntry("step 1", "a")], drift: gone,
      reasons: [gone, .changed(key: "k", old: "1", new: "2")]),
    Case(testDescription: "drift of what was never built", old: nil, drift: gone, reasons: [.neverBuilt]),
    Case(testDescription: "failed", failure: "exit status 1", reasons: [.failedBefore(message: "exit status 1")]),
    Case(
      testDescription: "failed the first time", old: nil, failure: "exit status 1",
      reasons: [.failedBefore(message: "exit status 1")]),
    Case(testDescription: "cut off", unfinished: 2, reasons: [.unfinished(step: 2)]),
    Case(
      testDescription: "failed and cut off", failure: "no", unfinished: 1, reasons: [.failedBefore(message: "no")]),
    Case(testDescription: "forced", isForced: true, reasons: [.forced]),
    Case(testDescription: "forced and never built", old: nil, isForced: true, reasons: [.neverBuilt]),
  ]

  @Test(arguments: cases) func reasons(_ test: Case) {
    let trace = test.old.map { entries in
      Trace(
        target: "t", kind: "task", fingerprint: Manifest(entries: entries).fingerprint, manifest: entries, outputs: [:],
        run: 1, builtAt: 0, seconds: 0)
    }
    let failure = test.failure.map {
      Failure(target: "t", error: StepError(operation: "o", subject: "t", cause: $0), run: 1, at: 0)
    }
    #expect(
      Staleness.reasons(
        Manifest(entries: test.new), trace: trace, drift: test.drift, failure: failure,
        unfinishedStep: test.unfinished, isForced: test.isForced) == test.reasons)
  }

  @Test(
    arguments: [
      ([], nil), ([.done], 1), ([.done, .done], 2), ([.done, .failed], 1), ([.started], 0),
      ([.done, .started, .done], 1),
    ] as [([StepRecord.State], Int?)])
  func firstStepLeftUndone(states: [StepRecord.State], step: Int?) {
    let records = states.enumerated().map {
      StepRecord(number: $0, fingerprint: Fingerprint(of: ""), state: $1, isOnce: false, generation: "", at: 0)
    }
    #expect(RecipeDecision.unfinishedStep(records) == step)
  }
}
