/// The date of HTTP's heads: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
  /// Seconds since 1970. nil for the two older forms of RFC 9110 section 5.6.7, which nobody sends any more.
  static func seconds(_ text: String) -> Double? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT" else { return nil }
    let time = words[4].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard let day = Int(words[1]), let month = months.firstIndex(of: String(words[2])), let year = Int(words[3]),
      time.count == 3, let hour = time[0], let minute = time[1], let second = time[2],
      (1970...9999).contains(year), (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
      (0...60).contains(second)
    else { return nil }
    let days = daysBeforeYear(year) - daysBeforeYear(1970) + daysBeforeMonth(month, of: year) + day - 1
    return Double(((days * 24 + hour) * 60 + minute) * 60 + second)
  }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  private static func daysBeforeYear(_ year: Int) -> Int {
    let past = year - 1
    return past * 365 + past / 4 - past / 100 + past / 400
  }

  private static func daysBeforeMonth(_ month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return lengths.prefix(month).reduce(0, +)
  }
}
