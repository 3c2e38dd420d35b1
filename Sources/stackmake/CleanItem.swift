import StackMake
import Targets

/// One thing that a clean would do.
struct CleanItem {
  enum Action: String {
    /// Of a recipe that tells others.
    case run
    case delete
    /// From its image.
    case rebuild
    /// By the recipe of `reset/X`.
    case reset
    /// A server that stays as it is, or what is on record of a target.
    case forget
  }

  var action: Action
  /// `server`, `target`, or what the cloud calls the thing.
  var kind: String
  var name: String
  /// In the cloud.
  var id: String?
  /// For which a server gets a fresh start.
  var targets: [String]?
  /// The same for people.
  var text: String

  /// In the order in which they would be done.
  ///
  /// - Parameter staysAll: whether machines stay, and are only forgotten.
  static func items(_ plan: CleanPlan, leaving: [String], staysAll: Bool) -> [CleanItem] {
    var items = leaving.map {
      CleanItem(action: .run, kind: "target", name: $0, text: "run the recipe of \($0)")
    }
    items += plan.deletions.map { deletion in
      let machine = deletion.machine
      let text =
        staysAll
        ? "forget server \(machine.name) (\(machine.id)), which stays as it is"
        : "delete server \(machine.name) (\(machine.addresses.joined(separator: ", ")))"
      return CleanItem(
        action: staysAll ? .forget : .delete, kind: "server", name: machine.name, id: machine.id, text: text)
    }
    items += plan.rebuilds.map { rebuild in
      let (name, targets) = (rebuild.machine.name, rebuild.targets.joined(separator: ", "))
      let origin = rebuild.restore.map { "snapshot \($0.set)" } ?? "its image"
      let text =
        staysAll
        ? "reset server \(name) (\(rebuild.machine.id)) by the recipe of reset/\(name), for \(targets)"
        : "rebuild server \(name) from \(origin), for \(targets)"
      return CleanItem(
        action: staysAll ? .reset : .rebuild, kind: "server", name: name, id: rebuild.machine.id,
        targets: rebuild.targets, text: text)
    }
    items += plan.resources.map {
      CleanItem(
        action: .delete, kind: $0.kind.rawValue, name: $0.name, id: $0.id, text: "delete \($0.kind.rawValue) \($0.name)"
      )
    }
    return items
      + plan.forgotten.map { CleanItem(action: .forget, kind: "target", name: $0, text: "forget \($0)") }
  }
}

/// One thing in `clean -n --json`.
struct JSONCleaning: JSONRecord {
  var version = jsonVersion
  var type = "cleaning"
  var action: String
  var kind: String
  var name: String
  var id: String?
  var targets: [String]?

  init(_ item: CleanItem) {
    (action, kind, name, id, targets) = (item.action.rawValue, item.kind, item.name, item.id, item.targets)
  }
}

/// The last line of `clean -n --json`: how many there are.
struct JSONCleaningCount: JSONRecord {
  var version = jsonVersion
  var type = "cleanings"
  var count: Int
}
