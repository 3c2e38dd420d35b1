/// The times that OpenStack writes: `2026-11-24T22:34:13.000000Z`, with or without fraction and zone, always UTC.
package enum Timestamp {
  /// Seconds since 1970; nil where the text is no time.
  package static func seconds(_ text: String) -> Double? {
    var digits = text[...]
    if digits.last == "Z" { digits = digits.dropLast() }
    if digits.hasSuffix("+00:00") { digits = digits.dropLast(6) }
    let halves = digits.split(whereSeparator: { $0 == "T" || $0 == " " })
    guard halves.count == 2 else { return nil }
    let date = halves[0].split(separator: "-").map { Int($0) }
    let time = halves[1].split(separator: ":")
    guard date.count == 3, time.count == 3, let year = date[0], let month = date[1], let day = date[2],
      let hour = Int(time[0]), let minute = Int(time[1]), let second = Double(time[2]),
      (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day), (0..<24).contains(hour),
      (0..<60).contains(minute), second >= 0, second < 61
    else { return nil }
    return Double(daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60) + second
  }

  /// Years begin in March here, so that the leap day is their last.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let marchYear = month > 2 ? year : year - 1
    let monthOfYear = (month + 9) % 12
    let dayOfYear = (153 * monthOfYear + 2) / 5 + day - 1
    let leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400
    return marchYear * 365 + leapDays + dayOfYear - 719_468
  }
}
