import StackMake
import Targets

/// What a clean would do, and what it did.
enum CleanText {
  /// - Parameter staysAll: whether machines stay, and are only forgotten.
  static func plan(_ plan: CleanPlan, leaving: [String] = [], staysAll: Bool) -> String {
    var lines = leaving.map { "run the recipe of \($0)" }
    for deletion in plan.deletions where staysAll {
      lines.append("forget server \(deletion.machine.name) (\(deletion.machine.id)), which stays as it is")
    }
    for rebuild in plan.rebuilds where staysAll {
      let (name, targets) = (rebuild.machine.name, rebuild.targets.joined(separator: ", "))
      lines.append("reset server \(name) (\(rebuild.machine.id)) by the recipe of reset/\(name), for \(targets)")
    }
    for deletion in plan.deletions where !staysAll {
      lines.append("delete server \(deletion.machine.name) (\(deletion.machine.addresses.joined(separator: ", ")))")
    }
    for rebuild in plan.rebuilds where !staysAll {
      lines.append(
        "rebuild server \(rebuild.machine.name) from its image, for \(rebuild.targets.joined(separator: ", "))")
    }
    lines += plan.resources.map { "delete \($0.kind.rawValue) \($0.name)" }
    lines += plan.forgotten.map { "forget \($0)" }
    if lines.isEmpty { lines.append("stackmake: nothing to clean") }
    return lines.joined(separator: "\n") + "\n"
  }

  static func summary(_ plan: CleanPlan, waits: Bool, staysAll: Bool) -> String {
    if plan.isEmpty { return "stackmake: nothing to clean" }
    var parts: [String] = []
    if !plan.deletions.isEmpty {
      parts.append("\(Count(plan.deletions.count, "server")) \(staysAll ? "released" : "deleted")")
    }
    if !plan.resources.isEmpty && waits {
      for kind in CloudResource.Kind.allCases {
        let count = plan.resources.count { $0.kind == kind }
        if count > 0 { parts.append("\(Count(count, kind.rawValue)) deleted") }
      }
    }
    if !plan.rebuilds.isEmpty {
      parts.append("\(Count(plan.rebuilds.count, "server")) \(staysAll ? "reset" : "rebuilt")")
    }
    parts.append("\(Count(plan.forgotten.count, "target")) forgotten")
    return "stackmake: " + parts.joined(separator: ", ")
  }
}
