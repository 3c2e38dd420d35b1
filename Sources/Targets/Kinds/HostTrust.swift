import StackMake

/// How the first connection to a new machine knows that it is the right one.
package enum HostTrust: String, Sendable, Hashable, CaseIterable {
  /// The machine shows its keys on its console, which only the cloud can read and hand on.
  case console
  /// A key of our own goes with the user-data, and is changed at the first login, since user-data stays readable on the machine.
  case injected
  /// Whoever answers first is believed. Only where the Stackfile says so.
  case firstUse = "first-use"
  /// The machine was there before, and its keys are those that the user pinned. Where machines stay, it is always so.
  case `static`

  /// What the Stackfile may ask for.
  package static let choices = allCases.filter { $0 != .static }

  /// The register that says that this cloud shows no console.
  static let register = "host-trust"

  /// The register of the keys that a machine was given: its generation, then `TYPE BASE64` for each.
  static func keyRegister(_ server: String) -> String { "host-key/\(server)" }

  /// As `status` says it.
  package var text: String {
    switch self {
    case .console: "host key from its console"
    case .injected: "host key injected and changed"
    case .firstUse: "host key believed at first use"
    case .static: "host key pinned"
    }
  }

  /// How its host keys came to be pinned, for messages.
  package var pinOrigin: String {
    switch self {
    case .console: "when the machine showed it on its console"
    case .injected: "when the machine was made"
    case .firstUse: "when the machine was first connected to"
    case .static: "by the Stackfile or known_hosts when the server was taken over"
    }
  }
}

/// Keys that one generation of a machine was given or has told over a connection that was verified. Pure.
struct GivenHostKeys: Sendable, Hashable {
  var generation: Int
  var keys: [HostKey]

  init(generation: Int, keys: [HostKey]) {
    self.generation = generation
    self.keys = keys
  }

  /// From its register; nil where it isn't one.
  init?(_ text: String) {
    let lines = text.split(separator: "\n")
    guard let generation = lines.first.flatMap({ Int($0) }) else { return nil }
    self.init(generation: generation, keys: lines.dropFirst().compactMap { HostKey.parse(String($0)) })
  }

  var text: String { ([String(generation)] + keys.map { "\($0.type) \($0.base64)" }).joined(separator: "\n") }
}

extension Cluster {
  /// How machines that are made now are to be trusted: as the Stackfile says, unless this cloud turned out to show no console.
  func trust(_ store: any Store) throws(StoreError) -> HostTrust {
    guard hostTrust == .console else { return hostTrust }
    return try store.registers(prefix: HostTrust.register)[HostTrust.register].flatMap { HostTrust(rawValue: $0) }
      ?? .console
  }

  /// What goes on record in the same transaction as a new generation, and the key pair that its machine is given.
  func newGeneration(
    _ generation: Int, of server: String, _ store: any Store
  ) throws(StepError) -> (registers: [String: String?], hostKey: SSHKeyPair?) {
    var registers: [String: String?] = [Cluster.generationRegister(server): String(generation)]
    var earlier: [HostKey] = []
    do throws(StoreError) {
      let register = HostTrust.keyRegister(server)
      guard try trust(store) == .injected else {
        registers[register] = .some(nil)
        return (registers, nil)
      }
      // Asked for a second time: the machine of the first request may still come.
      let given = try store.registers(prefix: register)[register].flatMap { GivenHostKeys($0) }
      if let given, given.generation == generation { earlier = given.keys }
    } catch {
      throw StepError(error, operation: "read the record", subject: server)
    }
    do throws(ShellError) {
      let pair = try SSHKeyPair.generate()
      let keys = earlier + (HostKey.parse(pair.publicKey).map { [$0] } ?? [])
      registers[HostTrust.keyRegister(server)] = GivenHostKeys(generation: generation, keys: keys).text
      return (registers, pair)
    } catch {
      throw StepError(operation: error.operation, subject: server, cause: error.cause)
    }
  }
}
