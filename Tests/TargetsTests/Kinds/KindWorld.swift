import StackMake
import Support
import Targets

/// A Stackfile with the real kinds, on a cloud that only pretends.
struct KindWorld: Sendable {
  let graph: Graph
  let cloud = FakeCloud()
  let store = InMemoryStore()
  let shells = FakeShells()
  let reporter = RecordingReporter()
  let interrupt = Interrupt()
  let time = ManualTime(5)
  let cluster: Cluster

  init(_ text: String, bootLimit: Duration = .seconds(60), lifetime: Lifetime? = nil) throws {
    graph = try Graph.stackfile("cloud = local\n" + text, dialect: .stack(cluster: "lab"))
    cluster = Cluster(
      cloud: cloud, id: "c1", name: "lab", authorizedKeys: ["ssh-ed25519 AAAA"], shells: shells,
      clock: JumpingClock(), bootLimit: bootLimit, lifetime: lifetime)
  }

  var kinds: [String: any TargetKind] {
    [
      "task": TaskKind(), "stacked": StackedKind(), "layout": LayoutKind(), "server": ServerKind(cluster: cluster),
      "image-validated": ImageValidatedKind(cluster: cluster), "reset": ErrandKind.reset, "leave": ErrandKind.leave,
    ]
  }

  func target(_ name: String) -> TargetID { graph.target(named: name)! }

  /// What identifies a target, where each server is of this generation.
  func manifest(_ name: String, generation: Int = 1) -> Manifest {
    ManifestWalk(graph: graph, kinds: kinds, files: SourceFiles(), secretDigests: [:])
      .manifest(of: target(name)) { dependency in
        graph.kind(dependency) == "server" ? Self.outputs(generation: generation) : [:]
      }.manifest
  }

  static func outputs(id: String = "id-1", generation: Int = 1) -> [String: String] {
    ServerOutputs(id: id, generation: generation, ip: "10.0.0.1", hostKeys: [], user: "stack").values
  }

  /// The record of a build of the target as it is in this Stackfile.
  func trace(_ name: String, generation: Int = 1, outputs: [String: String] = [:]) -> Trace {
    let manifest = manifest(name, generation: generation)
    return Trace(
      target: name, kind: graph.kind(target(name)), fingerprint: manifest.fingerprint, manifest: manifest.entries,
      outputs: outputs, run: 1, builtAt: 1, seconds: 1)
  }

  /// A machine of this cluster, as the cloud lists it.
  static func machine(
    _ server: String, id: String = "id-1", generation: Int = 1, status: Machine.Status = .active
  ) -> Machine {
    Machine(
      id: id, name: "lab-\(server)", tag: MachineTag(cluster: "c1", server: server, generation: generation),
      status: status, addresses: ["10.0.0.1"], imageID: "id-of-debian-12", flavorID: "m1.small", createdAt: 1)
  }

  /// The cloud holds these from now on.
  func stand(_ machines: Machine...) {
    cloud.with { state in for machine in machines { state.machines[machine.id] = machine } }
  }

  var machines: [Machine] { cloud.with { $0.machines.values.sorted { $0.id < $1.id } } }

  /// What was asked of the cloud that changes something.
  var changes: [String] {
    cloud.log.filter { line in ["create", "rebuild", "delete"].contains { line.hasPrefix($0) } }
  }

  var notes: [String] {
    reporter.events.compactMap { if case .note(_, let text) = $0 { text } else { nil } }
  }

  /// A target's turn, with nothing known but what is given.
  func turn(_ name: String, trace: Trace? = nil, observation: Observation? = nil, run: Int64 = 7) -> TargetBuild {
    let situation = Situation(
      target: target(name), graph: graph, manifest: manifest(name), trace: trace, progress: [],
      observation: observation, reasons: [.neverBuilt], isForced: false)
    let time = time
    return TargetBuild(
      situation: situation, run: run, store: store, interrupt: interrupt, now: { time.now }, reporter: reporter,
      dependencyOutputs: [:])
  }

  func cleaner() -> Cleaner {
    Cleaner(
      cluster: cluster, store: store, reporter: reporter, interrupt: interrupt, pool: ThreadPool(width: 4), now: { 5 })
  }
}
