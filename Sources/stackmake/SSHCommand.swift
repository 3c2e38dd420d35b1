import ArgumentParser
import FoundationEssentials
import Glibc
import StackMake
import SystemPackage
import Targets

/// `stackmake ssh SERVER [-- CMD]`
struct SSHCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ssh", abstract: "A shell or a command on one server, its host key verified.")

  @OptionGroup var common: CommonOptions

  @Argument(help: "A server of the layout.")
  var server: String

  @Argument(parsing: .postTerminator, help: "A command, after --; without one, a shell.")
  var command: [String] = []

  mutating func run() async throws {
    let session = try Session.open(common, overrides: [])
    let store = try session.readOnlyStore()
    let world = try World.open(session, store: store, isReading: true)
    let sites = try ServerSites(session, store).matching(server)
    guard sites.count == 1 else {
      Console.error("stackmake: error: `ssh` takes one server, and `\(server)` is \(sites.count) of them")
      throw ExitStatusError.wrongUse
    }
    let target = try session.reached { () throws(ShellError) in try world.shells.target(of: sites[0]) }
    let knownHosts = session.stateDirectory.appending("known_hosts-\(sites[0].name)")
    do {
      try Data(InteractiveSSH.knownHosts(for: target).utf8).write(
        to: URL(filePath: knownHosts.string), options: .atomic)
    } catch {
      Console.error("stackmake: error: can't write \(knownHosts): \(error)")
      throw ExitStatusError.failed
    }
    // One word is a script, as after `ssh HOST` and in `run`; several are words.
    let remote = command.count == 1 ? ["bash", "-c", command[0]] : command
    let words =
      ["ssh"]
      + InteractiveSSH.arguments(
        for: target, knownHosts: knownHosts, identityFiles: target.keyFiles, command: remote)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    // ssh takes this program's place: its status is ours.
    execvp("ssh", arguments)
    Console.error("stackmake: error: can't run ssh: \(Errno(rawValue: errno))")
    throw ExitStatusError.failed
  }
}

/// The servers on record, as sites that a shell can be had for.
struct ServerSites {
  private let session: Session
  private let traces: [String: Trace]

  init(_ session: Session, _ store: any Store) throws {
    self.session = session
    traces = try session.recorded { () throws(StoreError) in try store.traces() }
  }

  /// Servers of the layout that a name or a glob stands for, or what is wrong with it and status 2.
  func matching(_ pattern: String) throws -> [StepSite] {
    let prefix = session.graph.placePrefix
    let pattern = pattern.hasPrefix(prefix) ? pattern : prefix + pattern
    return try session.targets([pattern]).map { target in
      let name = session.graph.name(target)
      guard let place = session.graph.place(target), let trace = traces[name] else {
        Console.error("stackmake: error: \(name) isn't built yet\n  hint: `stackmake \(name)` builds it")
        throw ExitStatusError.wrongUse
      }
      let site = session.graph[place]
      return StepSite(
        name: site.name, outputs: trace.outputs, user: trace.outputs["user"] ?? site.settings["user"] ?? "")
    }
  }
}
