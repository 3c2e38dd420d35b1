import Synchronization

/// One target's turn in a run: what its kind and its steps work with.
package final class TargetBuild: Sendable {
  package let situation: Situation
  package let run: Int64
  package let store: any Store
  package let interrupt: Interrupt
  package let now: @Sendable () -> Double
  package let reporter: any Reporter
  private let dependencyOutputs: [TargetID: [String: String]]
  private let own = Mutex<[String: String]>([:])
  private let ranOnce = Mutex(false)
  private let unwritten = Mutex<[BuildMark]>([])
  private let phaseTimes = Mutex<PhaseTimes?>(nil)
  let record = TurnRecord()

  package init(
    situation: Situation, run: Int64, store: any Store, interrupt: Interrupt, now: @escaping @Sendable () -> Double,
    reporter: any Reporter, dependencyOutputs: [TargetID: [String: String]]
  ) {
    self.situation = situation
    self.run = run
    self.store = store
    self.interrupt = interrupt
    self.now = now
    self.reporter = reporter
    self.dependencyOutputs = dependencyOutputs
  }

  package var name: String { situation.name }
  package var graph: Graph { situation.graph }

  /// What the target has given so far, set by its kind.
  package var outputs: [String: String] { own.withLock { $0 } }
  package func set(_ values: [String: String]) { own.withLock { $0.merge(values) { _, new in new } } }

  /// Whether a `once` step was run, or followed to its end, in this build.
  package var didRunOnce: Bool { ranOnce.withLock { $0 } }
  func markOnce() { ranOnce.withLock { $0 = true } }

  /// Keeps what the script that ran last has printed last, where anyone uses it.
  func setResult(_ line: String) {
    if graph.resultTargets.contains(situation.target) { set([Graph.resultKey: line]) }
  }

  /// The outputs of a dependency, or of the target itself so far.
  package func outputs(of target: TargetID) -> [String: String]? {
    target == situation.target ? outputs : dependencyOutputs[target]
  }

  /// Notes on record how far the build is, with the next mark or by the end that `finish` records, whichever comes
  /// first: for what is no loss where it isn't written for want of either.
  func markLater(_ mark: BuildMark) { unwritten.withLock { $0.append(mark) } }

  /// Notes on record how far the build is, and all that was to be noted later: on disk when this returns.
  func mark(_ mark: BuildMark? = nil) throws(StepError) {
    let marks = unwritten.withLock { marks in
      defer { marks = [] }
      return mark.map { marks + [$0] } ?? marks
    }
    guard let first = marks.first else { return }
    try recorded(first.operation) { () throws(StoreError) in try store.mark(marks, of: name) }
  }

  /// Tells that a part of the running step began.
  ///
  /// - Parameter began: when the step began.
  func phase(_ phase: Phase, step: Int, at place: String?, began: Double) {
    record.phase(phase.name, at: phase.at ?? max(0, now() - began))
    // Asked for when the first phase is said: most scripts have none.
    let times = phaseTimes.withLock { times in
      if let times { return times }
      // What can't be read is said where it is needed: this is only about expected times.
      let read = PhaseTimes(try? store.lastBuilt(name))
      times = read
      return read
    }
    let left = times.secondsLeft(step: step, phase: phase.name)
    reporter.report(.phase(target: name, place: place, phase: phase, secondsLeft: left))
  }

  package func note(_ text: String) { reporter.report(.note(target: name, text: text)) }

  /// Throws `.interrupted` where the user asked to stop.
  package func checkInterrupt(_ operation: String) throws(StepError) {
    if interrupt.isRequested || Task.isCancelled {
      throw StepError(.interrupted, operation: operation, subject: name, cause: "interrupted")
    }
  }

  /// A failure of the record, as the failure of a step.
  package func recorded<R>(_ operation: String, _ body: () throws(StoreError) -> R) throws(StepError) -> R {
    do throws(StoreError) {
      return try body()
    } catch {
      throw StepError(error, operation: operation, subject: name)
    }
  }
}

extension StepError {
  /// A failure of the record, as that of what needed it.
  package init(_ error: StoreError, operation: String, subject: String) {
    self.init(
      operation: operation, subject: subject, cause: "\(error.operation): \(error.path): \(error.cause)",
      hint: error.hint)
  }
}
