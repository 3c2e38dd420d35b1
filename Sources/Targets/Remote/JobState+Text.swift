extension JobState {
  /// Reads what `JobScript` says. `.some(nil)` is a job that never started; nil is none of its words.
  static func parse(_ text: some StringProtocol) -> JobState?? {
    let (word, rest): (Substring, String) = {
      let parts = text.split(separator: " ", maxSplits: 1)
      return (Substring(parts.first ?? ""), parts.count > 1 ? String(parts[1]) : "")
    }()
    switch word {
    case "none": return .some(nil)
    case "running": return .running
    case "exited": return Int32(rest).map { .ended(.exited($0)) }
    case "signaled": return .ended(.signaled(rest))
    case "lost": return .lost(rest)
    default: return nil
    }
  }
}
