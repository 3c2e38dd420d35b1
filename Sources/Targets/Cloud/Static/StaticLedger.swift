import StackMake

/// Which machines serve which servers, and in which generation: kept in the record, since no cloud knows it.
///
/// An entry outlives `clean`: a machine that is forgotten is still the one on which steps ran that may run only once.
struct StaticLedger: Sendable {
  struct Entry: Sendable, Hashable {
    var address: String
    var port: UInt16
    var generation: Int
    /// In use: `clean server/X` makes it false.
    var isTaken: Bool
    /// A reset began and didn't end: nobody knows what is on the machine.
    var isHalfReset: Bool

    var id: String { StaticHost.id(address, port) }

    init(_ host: StaticHost, generation: Int, isTaken: Bool) {
      address = host.address
      port = host.port
      self.generation = generation
      self.isTaken = isTaken
      isHalfReset = false
    }

    /// As it is in a register; nil where it isn't one.
    init?(_ text: String) {
      let words = text.split(separator: " ").map(String.init)
      guard words.count == 5, let port = UInt16(words[1]), let generation = Int(words[2]) else { return nil }
      address = words[0]
      self.port = port
      self.generation = generation
      isTaken = words[3] == "taken"
      isHalfReset = words[4] == "half-reset"
    }

    var text: String {
      "\(address) \(port) \(generation) \(isTaken ? "taken" : "left") \(isHalfReset ? "half-reset" : "whole")"
    }
  }

  static let prefix = "static/"

  let store: any Store

  /// By server.
  func entries() throws(CloudError) -> [String: Entry] {
    let registers = try recorded("read the record") { () throws(StoreError) in
      try store.registers(prefix: Self.prefix)
    }
    var entries: [String: Entry] = [:]
    for (key, text) in registers { entries[String(key.dropFirst(Self.prefix.count))] = Entry(text) }
    return entries
  }

  /// The server and the entry with that id which is in use.
  func taken(_ id: String) throws(CloudError) -> (server: String, entry: Entry)? {
    try entries().first { $0.value.id == id && $0.value.isTaken }.map { ($0.key, $0.value) }
  }

  func set(_ entries: [String: Entry?], generations: [String: Int] = [:]) throws(CloudError) {
    var registers: [String: String?] = [:]
    for (server, entry) in entries { registers[Self.prefix + server] = .some(entry?.text) }
    for (server, generation) in generations {
      registers[Cluster.generationRegister(server)] = String(generation)
    }
    try recorded("write the record") { [registers] () throws(StoreError) in try store.set(registers) }
  }

  /// The last generation of a server that was ever asked for.
  func lastGeneration(_ server: String) throws(CloudError) -> Int {
    let register = Cluster.generationRegister(server)
    return try recorded("read the record") { () throws(StoreError) in
      try store.registers(prefix: register)[register].flatMap { Int($0) } ?? 0
    }
  }

  private func recorded<R>(_ operation: String, _ body: () throws(StoreError) -> R) throws(CloudError) -> R {
    do throws(StoreError) {
      return try body()
    } catch {
      throw CloudError(
        .failed, operation: operation, cause: "\(error.operation): \(error.path): \(error.cause)", hint: error.hint)
    }
  }
}
