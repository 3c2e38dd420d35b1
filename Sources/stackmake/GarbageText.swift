import StackMake
import Targets

/// Lists leftovers, for people or as JSON.
struct GarbageText {
  let json: Bool
  /// Servers that exist already are only forgotten.
  let keepsMachines: Bool

  var verb: String { keepsMachines ? "forget" : "delete" }

  func text(_ leftovers: Leftovers) -> String {
    if json {
      return (leftovers.machines.map { JSONLeftover($0).line } + leftovers.resources.map { JSONLeftover($0).line })
        .joined() + JSONLeftoverCount(count: leftovers.count).line
    }
    guard leftovers.count > 0 else { return "stackmake: nothing is left\n" }
    let lines =
      leftovers.machines.map { "server \($0.thing.name) (\($0.thing.id)): \($0.why)" }
      + leftovers.resources.map { "\($0.thing.kind.rawValue) \($0.thing.name): \($0.why)" }
    let many =
      leftovers.count == 1
      ? "1 thing is left, and `stackmake gc --delete` \(verb)s it"
      : "\(leftovers.count) things are left, and `stackmake gc --delete` \(verb)s them"
    return lines.map { $0 + "\n" }.joined() + "stackmake: \(many)\n"
  }
}

/// One leftover in `gc --json`.
private struct JSONLeftover: JSONRecord {
  var version = jsonVersion
  var type = "leftover"
  /// `server`, `port`, `key pair`, …
  var kind: String
  var id: String
  var name: String
  /// Of the layout; nil where it was made for all.
  var server: String?
  var why: String

  init(_ leftover: Leftovers.Leftover<Machine>) {
    let machine = leftover.thing
    (kind, id, name, server, why) = ("server", machine.id, machine.name, machine.tag.server, leftover.why)
  }

  init(_ leftover: Leftovers.Leftover<CloudResource>) {
    let resource = leftover.thing
    (kind, id, name, server, why) = (resource.kind.rawValue, resource.id, resource.name, resource.server, leftover.why)
  }
}

/// The last line of `gc --json`: how many there are.
private struct JSONLeftoverCount: JSONRecord {
  var version = jsonVersion
  var type = "leftovers"
  var count: Int
}
