/// A stale reason as one clause: what, old and new. The keys are those of manifests.
package enum ReasonText {
  /// Values are cut to this many characters.
  private static let limit = 60

  package static func text(_ reason: StaleReason) -> String {
    switch reason {
    case .neverBuilt: "never built"
    case .changed(let key, let old, let new): changed(key, old, new)
    case .drift(let what, let old, let new):
      new.isEmpty ? "\(what) is gone (it was \(short(old)))" : "\(what) is \(short(new)), and was \(short(old))"
    case .unfinished(let step): "stopped at step \(step + 1) in an earlier run"
    case .running(let step): "is being built now, at step \(step + 1)"
    case .failedBefore(let message): "failed in an earlier run: \(short(message))"
    case .forced: "asked for with `-B`"
    case .forcedAfterOnce(let step):
      "asked for with `-B`, which runs nothing before step \(step + 1): a once step there has run"
    case .dependencyWillRun(let target): "depends on `\(target)`, which will run"
    }
  }

  /// The first three, and how many more there are.
  package static func text(_ reasons: [StaleReason]) -> String {
    var parts = reasons.prefix(3).map(text)
    if reasons.count > 3 { parts.append("and \(reasons.count - 3) more") }
    return parts.joined(separator: "; ")
  }

  private static func changed(_ key: String, _ old: String?, _ new: String?) -> String {
    let key =
      key.hasPrefix(ManifestEntry.inPlacePrefix) ? String(key.dropFirst(ManifestEntry.inPlacePrefix.count)) : key
    let words = key.split(separator: " ", maxSplits: 1).map(String.init)
    let name = words.count > 1 ? words[1] : ""
    switch words.first {
    case "step" where !name.isEmpty: return step(name, old, new)
    case "file" where !name.isEmpty: return file(name, old, new)
    case "setting" where !name.isEmpty: return value("setting `\(name)`", old, new)
    case "output" where !name.isEmpty:
      let parts = name.split(separator: " ", maxSplits: 1)
      let subject = parts.count == 2 ? "output `\(parts[1])` of `\(parts[0])`" : "output of `\(name)`"
      return value(subject, old, new)
    case "once" where name.isEmpty: return value("which steps run once", old, new)
    case "kind" where name.isEmpty: return value("kind", old, new)
    default: return value("`\(key)`", old, new)
    }
  }

  private static func value(_ subject: String, _ old: String?, _ new: String?) -> String {
    switch (old, new) {
    case (let old?, let new?):
      let (old, new) = difference(old, new)
      return "\(subject) changed (\(old) -> \(new))"
    case (nil, let new?): return "\(subject) was added (\(short(new)))"
    case (let old?, nil): return "\(subject) was removed (it was \(short(old)))"
    case (nil, nil): return "\(subject) changed"
    }
  }

  /// The text of a step; of a script of several lines, the first line that differs.
  private static func step(_ number: String, _ old: String?, _ new: String?) -> String {
    let subject = "step \(number)"
    guard let old else { return "\(subject) was added: `\(short(new ?? ""))`" }
    guard let new else { return "\(subject) was removed: `\(short(old))`" }
    let (before, after) = (lines(old), lines(new))
    let same = zip(before, after).prefix { $0 == $1 }.count
    let place = max(before.count, after.count) > 1 ? " at line \(same + 1)" : ""
    if same == before.count, same == after.count { return "\(subject) changed" }
    if same == before.count { return "\(subject) changed\(place): `\(short(after[same]))` was added" }
    if same == after.count { return "\(subject) changed\(place): `\(short(before[same]))` was removed" }
    let (a, b) = difference(before[same], after[same])
    return "\(subject) changed\(place): `\(a)` -> `\(b)`"
  }

  /// Values are `sha256:HEX mode=0644`.
  private static func file(_ path: String, _ old: String?, _ new: String?) -> String {
    let subject = "file `\(path)`"
    guard let old else { return "\(subject) was added" }
    guard let new else { return "\(subject) was removed" }
    let (before, after) = (fields(old), fields(new))
    if let a = before.digest, let b = after.digest, a != b {
      return "\(subject) changed (sha256 \(a.prefix(8))… -> \(b.prefix(8))…)"
    }
    if let a = before.mode, let b = after.mode, a != b { return "\(subject) changed (mode \(a) -> \(b))" }
    return value(subject, old, new)
  }

  private static func fields(_ value: String) -> (digest: Substring?, mode: Substring?) {
    let words = value.split(separator: " ")
    func after(_ prefix: String) -> Substring? {
      words.first { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
    }
    return (after("sha256:"), after("mode="))
  }

  private static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// Two values cut so that the place where they differ can be seen.
  private static func difference(_ old: String, _ new: String) -> (String, String) {
    if max(old.count, new.count) <= limit { return (short(old), short(new)) }
    let same = zip(old, new).prefix { $0 == $1 }.count
    guard same > limit / 2 else { return (short(old), short(new)) }
    let skipped = same - 20
    return ("…" + short(String(old.dropFirst(skipped))), "…" + short(String(new.dropFirst(skipped))))
  }

  /// One line of `limit` characters at most; "" is shown as `""`.
  private static func short(_ text: String) -> String {
    if text.isEmpty { return "\"\"" }
    let line = text.drop { $0.isNewline }.prefix { !$0.isNewline }
    let isWhole = line.count == text.count && line.count <= limit
    return isWhole ? text : line.prefix(limit - 1) + "…"
  }
}

extension StepError {
  /// Its text with what makes the target stale between what went wrong and what to do.
  package func text(because reasons: [StaleReason]) -> String {
    guard !reasons.isEmpty else { return description }
    var told = self
    told.cause += "\n  because \(ReasonText.text(reasons))"
    return told.description
  }
}
