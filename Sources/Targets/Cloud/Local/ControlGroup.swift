import SystemPackage

/// A control group and those below it.
enum ControlGroup {
  /// The processes in it. Blocks.
  static func processes(_ group: FilePath) -> [Int32] {
    guard let text = try? DiskFile.text(group.appending("cgroup.procs")) else { return [] }
    // Zero is one of another pid namespace, 1 never ours.
    let own = text.split(separator: "\n").compactMap { Int32($0) }.filter { $0 > 1 }
    let below = DiskFile.list(group).map { group.appending($0) }.filter {
      DiskFile.exists($0.appending("cgroup.procs"))
    }
    return own + below.flatMap(processes)
  }
}
