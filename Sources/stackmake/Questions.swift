import Glibc
import StackMake

/// Asks on the terminal; where there is none, every answer is the one that is offered.
struct Questions {
  let isAsking: Bool

  /// One of these names.
  func choose(_ what: String, among names: [String], otherwise usual: String) throws -> String {
    guard isAsking, names.count > 1 else { return usual }
    Console.error("\(what): \(names.joined(separator: ", "))")
    return try ask(what, usual) { answer in
      if names.contains(answer) { return answer }
      var nearest = NearestName()
      let near = nearest.near(answer, among: names).first.map { ": did you mean `\($0)`?" } ?? ""
      Console.error("there is no \(what) `\(answer)`\(near)")
      return nil
    }
  }

  /// A number from 0.
  func count(_ what: String, otherwise usual: Int) throws -> Int {
    guard isAsking else { return usual }
    return try ask(what, String(usual)) { answer in
      if let number = Int(answer), (0...10_000).contains(number) { return number }
      Console.error("`\(answer)` is no number from 0 to 10000")
      return nil
    }
  }

  /// Until an answer will do. No more input: nothing is done.
  private func ask<R>(_ what: String, _ usual: String, _ take: (String) -> R?) throws -> R {
    while true {
      Console.write("\(what) [\(usual)] ", to: .standardError)
      guard let line = readLine(strippingNewline: true) else {
        Console.error("\nstackmake: nothing was done")
        throw ExitStatusError.wrongUse
      }
      let words = line.split(whereSeparator: \.isWhitespace)
      if let answer = take(words.isEmpty ? usual : words.joined(separator: " ")) { return answer }
    }
  }
}
