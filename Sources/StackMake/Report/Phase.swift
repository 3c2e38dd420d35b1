/// The part of a running script that it says it is in, by a line of its output: `::phase 3/12 74s Starting Nova`.
///
/// The number, of how many, may be left out; so may the seconds since the script began, which a reader that comes later
/// can't know by itself.
package struct Phase: Sendable, Hashable {
  package var name: String
  /// From 1.
  package var number: Int?
  package var count: Int?
  /// Seconds since the script began, as it says itself.
  package var at: Double?

  package init(_ name: String, number: Int? = nil, of count: Int? = nil, at: Double? = nil) {
    (self.name, self.number, self.count, self.at) = (name, number, count, at)
  }

  /// Nil where the line isn't one that names a phase.
  package init?(line: String) {
    // Looked for in every line of every script: most have none of it.
    guard line.utf8.starts(with: Self.mark.utf8) else { return nil }
    var rest = line.dropFirst(Self.mark.count).drop { $0 == " " }
    func word() -> Substring { rest.prefix { $0 != " " } }
    func skip(_ word: Substring) { rest = rest[word.endIndex...].drop { $0 == " " } }
    let place = word()
    let numbers = place.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    if numbers.count == 2, let number = numbers[0], let count = numbers[1], number >= 1, count >= number {
      (self.number, self.count) = (number, count)
      skip(place)
    }
    let time = word()
    if time.last == "s", let seconds = Double(time.dropLast()), seconds.isFinite, seconds >= 0 {
      at = seconds
      skip(time)
    }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    name = String(rest)
    if name.isEmpty { return nil }
  }

  private static let mark = "::phase "

  /// `phase 3 of 12: Starting Nova`.
  package var text: String { "\(place(" of ")): \(name)" }

  /// `phase 3/12 Starting Nova`.
  var brief: String { "\(place("/")) \(name)" }

  private func place(_ of: String) -> String {
    guard let number, let count else { return "phase" }
    return "phase \(number)\(of)\(count)"
  }
}
