import FoundationEssentials
package import StackMake

/// What the kinds share: the cloud, who this cluster is in it, and how its servers are reached.
package struct Cluster: Sendable {
  package let cloud: any Cloud
  /// Carried by everything that this cluster makes; never another cluster's.
  package let id: String
  /// What server names begin with: the variable `cluster`.
  package let name: String
  /// `ssh-ed25519 AAAA…`: the keys that first boot lets in.
  package let authorizedKeys: [String]
  package let shells: any ShellProvider
  package let clock: any Clock<Duration>
  /// How long a machine may take from its creation until it answers.
  package let bootLimit: Duration
  /// What the Stackfile says of host keys; where machines stay, `static` whatever it says.
  package let hostTrust: HostTrust
  /// How long it is meant to be there: the variable `expire`; nil where it says none, and where machines stay.
  package let lifetime: Lifetime?
  let beginning = ClusterBeginning()
  /// For all of its servers that boot.
  let consoles: ConsoleReader

  package init(
    cloud: any Cloud, id: String, name: String, authorizedKeys: [String], shells: any ShellProvider,
    clock: any Clock<Duration>, bootLimit: Duration = .seconds(900),
    hostTrust: HostTrust = .console, lifetime: Lifetime? = nil
  ) {
    self.lifetime = cloud.keepsMachines ? nil : lifetime
    self.cloud = cloud
    self.id = id
    self.name = name
    self.authorizedKeys = authorizedKeys
    self.shells = shells
    self.clock = clock
    self.bootLimit = bootLimit
    self.hostTrust = cloud.keepsMachines ? .static : hostTrust
    consoles = ConsoleReader(cloud, clock: clock)
  }

  /// The register that holds the cluster's id.
  package static let idRegister = "cluster/id"

  /// In the journal: a machine is being made.
  package static let createAction = "create"

  /// The register that holds the last generation of a server that was ever asked for.
  package static func generationRegister(_ server: String) -> String { "generation/\(server)" }

  /// Every machine of this cluster, by one list call for all who ask at once.
  package func machines() async throws(StepError) -> [Machine] {
    do throws(CloudError) {
      return try await cloud.machines(ofCluster: id)
    } catch {
      throw StepError(error, subject: name)
    }
  }

  /// What else carries the cluster's id.
  package func resources(
    _ kinds: Set<CloudResource.Kind> = Set(CloudResource.Kind.allCases)
  ) async throws(StepError) -> [CloudResource] {
    do throws(CloudError) {
      return try await cloud.resources(ofCluster: id, kinds)
    } catch {
      throw StepError(error, subject: name)
    }
  }

  /// What it has once too often, of these machines and of what else is there.
  func excess(in graph: Graph, _ machines: [Machine]) async throws(StepError) -> Excess {
    let servers = Set(graph.places.map(\.name))
    // Where nothing stands, nothing is known to be superfluous.
    guard machines.contains(where: { servers.contains($0.tag.server) }) else { return Excess() }
    return Excess(machines, try await resources(Excess.kinds(graph)), servers: servers)
  }

  /// The same at the next tick: for those who wait until something is so.
  package func nextMachines() async throws(StepError) -> [Machine] {
    do throws(CloudError) {
      return try await cloud.nextMachines(ofCluster: id)
    } catch {
      throw StepError(error, subject: name)
    }
  }
}
