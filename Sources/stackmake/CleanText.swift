import StackMake
import Targets

/// What a clean would do, and what it did.
enum CleanText {
  /// - Parameter staysAll: whether machines stay, and are only forgotten.
  static func plan(_ plan: CleanPlan, leaving: [String] = [], staysAll: Bool, json: Bool = false) -> String {
    let items = CleanItem.items(plan, leaving: leaving, staysAll: staysAll)
    if json { return items.map { JSONCleaning($0).line }.joined() + JSONCleaningCount(count: items.count).line }
    return items.isEmpty ? "stackmake: nothing to clean\n" : items.map { $0.text + "\n" }.joined()
  }

  /// - Parameter kept: images of snapshots, which stay.
  static func summary(_ plan: CleanPlan, waits: Bool, staysAll: Bool, kept: Int = 0) -> String {
    let rest = kept == 0 ? "" : "; \(Count(kept, "image")) of snapshots kept (`stackmake snapshot --list`)"
    if plan.isEmpty { return "stackmake: nothing to clean\(rest)" }
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
    return "stackmake: " + parts.joined(separator: ", ") + rest
  }
}
