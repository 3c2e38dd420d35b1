extension Builder {
  /// Runs all of one target's recipe from its first step, whatever is on record, and builds nothing that it depends on.
  /// Leaves nothing on record: its next run is the same again.
  ///
  /// - Parameter outputs: what its dependencies give.
  package func runAlone(
    _ target: TargetID, outputs: [TargetID: [String: String]]
  ) async throws(StepError) {
    let situation = assessor.assess(target) { outputs[$0] ?? [:] }.situation
    // The number of the run tells apart starts of once steps on this machine, and there are none.
    let turn = TargetBuild(
      situation: situation, run: 0, store: store, interrupt: interrupt, now: now, reporter: reporter,
      dependencyOutputs: outputs)
    let started = now()
    reporter.report(.started(target: turn.name, reasons: [], expectedSeconds: nil))
    let result: Result<Void, StepError>
    do throws(StepError) {
      for number in turn.graph.recipe(target).indices {
        try turn.checkInterrupt("run its recipe")
        try await recipe(turn).run(number)
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    let outcome: Outcome =
      switch result {
      case .success: .built
      case .failure(let error): error.code == .interrupted ? .interrupted : .failed(error)
      }
    reporter.report(.finished(target: turn.name, outcome: outcome, seconds: now() - started))
    try turn.recorded("forget its steps") { () throws(StoreError) in try store.forget([turn.name]) }
    try result.get()
  }
}
