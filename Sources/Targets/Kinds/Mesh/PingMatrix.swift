/// Which server reaches which over the overlay.
struct PingMatrix: Sendable, Hashable {
  enum Answer: String, Sendable {
    case ok
    /// Small packets come back, full ones don't.
    case small
    case none
  }

  private(set) var names: [String]
  private var answers: [String: [String: Answer]] = [:]

  init(_ names: [String]) { self.names = names }

  /// Adds what the check on one server printed.
  mutating func add(_ output: String, from name: String, addresses: [String: String]) {
    let owners = Dictionary(addresses.map { ($0.value, $0.key) }) { first, _ in first }
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 2, let answer = Answer(rawValue: String(words[1])), let owner = owners[String(words[0])]
      else { continue }
      answers[name, default: [:]][owner] = answer
    }
  }

  /// What one hears of another; one that wasn't told counts as none.
  func answer(from: String, to: String) -> Answer { answers[from]?[to] ?? .none }

  private var pairs: [(from: String, to: String)] {
    names.flatMap { from in names.filter { $0 != from }.map { (from, $0) } }
  }

  var bad: [(from: String, to: String, answer: Answer)] {
    pairs.map { ($0.from, $0.to, answer(from: $0.from, to: $0.to)) }.filter { $0.2 != .ok }
  }

  var count: Int { pairs.count }

  /// A row for each server that sends, a column for each that answers.
  var table: String {
    let rows =
      [[""] + names]
      + names.map { from in
        [from] + names.map { to in from == to ? "-" : answer(from: from, to: to).rawValue }
      }
    let widths = (0...names.count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { cells in
      let line = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
