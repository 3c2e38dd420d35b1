package import StackMake

/// Makes a server that exists fresh, by the recipe of its `reset/X`.
///
/// From the first step on nobody knows what is on the machine, until it is fresh. A recipe that was cut off, or failed,
/// is run again from its start by the next `clean` of the same target, since it has to cope with whatever it finds
/// anyway; no build runs it, and none uses the server meanwhile. Once its recipe came to its end, anything goes on.
package struct ServerReset: Sendable {
  /// Runs the recipe of a target alone; these values of what it depends on count more than what is on record.
  package typealias Recipe =
    @Sendable (_ target: TargetID, _ known: [TargetID: [String: String]]) async throws(StepError) -> Void

  static let action = "reset"

  private let cloud: StaticCloud
  private let shells: any ShellProvider
  private let store: any Store
  private let reporter: any Reporter
  private let now: @Sendable () -> Double
  private let recipe: Recipe

  package init(
    cloud: StaticCloud, shells: any ShellProvider, store: any Store, reporter: any Reporter,
    now: @escaping @Sendable () -> Double, recipe: @escaping Recipe
  ) {
    self.cloud = cloud
    self.shells = shells
    self.store = store
    self.reporter = reporter
    self.now = now
    self.recipe = recipe
  }

  /// Runs the recipe, reaches the server again, and forgets these targets.
  func run(_ place: Place, forgetting targets: [String], in graph: Graph) async throws(StepError) {
    guard let target = CleanPlan.reset(place, in: graph) else {
      preconditionFailure("BUG: \(place.name) has no recipe for a reset")
    }
    if let step = graph.recipe(target).first(where: \.isOnce) {
      throw StepError(
        operation: "reset", subject: graph.name(target), cause: "a step of it is `once` (\(step.location))",
        hint: "the recipe of a reset runs from its start each time, so that none of its steps can be `once`")
    }
    // As it is reached now: the server may not have come so far as to be on record.
    var known: [TargetID: [String: String]] = [:]
    if let server = graph.place(target).flatMap({ graph.target(of: $0) }) {
      known[server] = try failing(place) { () throws(CloudError) in try cloud.outputs(place).values }
    }
    let intent = try recorded { () throws(StoreError) in
      for old in try store.intents() where old.action == Self.action && old.subject == place.name {
        try store.settle(old.id, set: [:])
      }
      return try store.begin(
        Intent(
          action: Self.action, subject: place.name, values: ["forget": targets.joined(separator: " ")], at: now()))
    }
    try failing(place) { () throws(CloudError) in try cloud.beginReset(place.name) }
    try await recipe(target, known)
    try recorded { () throws(StoreError) in try store.note(intent, values: ["ran": "yes"]) }
    try await end(place, forgetting: targets, intent)
  }

  /// Goes on with a reset whose recipe came to its end. One that was cut off before that is left for `clean`.
  func resume(_ intent: Intent, in graph: Graph) async throws(StepError) {
    guard intent.values["ran"] != nil, let place = graph.place(named: intent.subject) else { return }
    let targets = (intent.values["forget"] ?? "").split(separator: " ").map(String.init)
    try await end(graph[place], forgetting: targets, intent.id)
  }

  /// Takes a server for fresh because the user says so.
  package func declareFresh(_ places: [Place], forgetting targets: [String]) throws(StepError) {
    for place in places {
      try failing(place) { () throws(CloudError) in try cloud.declareFresh(place.name) }
    }
    let names = Set(places.map(\.name))
    try recorded { () throws(StoreError) in
      try store.forget(targets)
      for intent in try store.intents() where intent.action == Self.action && names.contains(intent.subject) {
        try store.settle(intent.id, set: [:])
      }
    }
  }

  private func end(_ place: Place, forgetting targets: [String], _ intent: Int64) async throws(StepError) {
    // The old system's connections are of no use, and its host key may have gone with it.
    await shells.close(server: place.name)
    let outputs = try failing(place) { () throws(CloudError) in try cloud.outputs(place) }
    reporter.report(.note(target: "reset/\(place.name)", text: "waiting for ssh at \(outputs.ip)"))
    do throws(ShellError) {
      let shell = try shells.shell(at: StepSite(name: place.name, outputs: outputs.values, user: outputs.user))
      _ = try await shell.run("true", timeout: .seconds(300)) { _, _ in }
    } catch {
      throw StepError(
        error.code == .interrupted ? .interrupted : .failed, operation: "reach it after its reset",
        subject: "reset/\(place.name)", cause: "\(error.operation): \(error.cause)",
        hint:
          "its recipe came to its end, and the next run goes on from here. Where another host key is right now, pin "
          + "that one in the Stackfile or in known_hosts")
    }
    try failing(place) { () throws(CloudError) in try cloud.declareFresh(place.name) }
    try recorded { () throws(StoreError) in
      try store.forget(targets)
      try store.settle(intent, set: [:])
    }
  }

  private func failing<R>(_ place: Place, _ body: () throws(CloudError) -> R) throws(StepError) -> R {
    do throws(CloudError) {
      return try body()
    } catch {
      throw StepError(error, subject: "reset/\(place.name)")
    }
  }

  private func recorded<R>(_ body: () throws(StoreError) -> R) throws(StepError) -> R {
    do throws(StoreError) {
      return try body()
    } catch {
      throw StepError(error, operation: "write the journal", subject: "the record")
    }
  }
}
