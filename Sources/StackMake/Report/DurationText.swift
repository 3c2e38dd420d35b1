/// Lengths of time as people read them.
package enum DurationText {
  /// `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`, `2 d 03 h`.
  package static func text(_ seconds: Double) -> String {
    let tenths = Int((min(max(seconds, 0), 1e12) * 10).rounded())
    if tenths < 100 { return "\(tenths / 10).\(tenths % 10) s" }
    let whole = Int(min(max(seconds, 0), 1e12).rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
    let minutes = (whole + 30) / 60
    if minutes < 24 * 60 { return "\(minutes / 60) h \(two(minutes % 60)) min" }
    let hours = (minutes + 30) / 60
    return "\(hours / 24) d \(two(hours % 24)) h"
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// How old something is, to one unit: `12 s`, `3 min`, `2 h`, `5 d`.
package enum AgeText {
  package static func text(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 1e12))
    switch whole {
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60) min"
    case ..<(48 * 3600): return "\(whole / 3600) h"
    default: return "\(whole / 86400) d"
    }
  }
}
