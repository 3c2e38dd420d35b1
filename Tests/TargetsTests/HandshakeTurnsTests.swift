import Testing

@testable import Targets

@Suite struct HandshakeTurnsTests {
  private let start = ContinuousClock.now

  /// All whose turn it is at an instant.
  private func all(_ turns: inout HandshakeTurns, at milliseconds: Int) -> [Readiness.Token] {
    var tokens: [Readiness.Token] = []
    while let token = turns.next(at: start + .milliseconds(milliseconds)) { tokens.append(token) }
    return tokens
  }

  @Test func aFewBeginAndEachThatSucceedsLetsTwoBegin() {
    var turns = HandshakeTurns()
    for token in 1...20 { turns.ask(Readiness.Token(token)) }
    #expect(all(&turns, at: 0) == Array(1...8))
    turns.end(isConnected: true)
    #expect(all(&turns, at: 1) == [9, 10])
    turns.end(isConnected: false)
    #expect(all(&turns, at: 2) == [11])
  }

  /// Servers that don't answer hold up nobody for good.
  @Test func timeLetsOneMoreBegin() {
    var turns = HandshakeTurns()
    for token in 1...10 { turns.ask(Readiness.Token(token)) }
    #expect(all(&turns, at: 0).count == 8)
    #expect(turns.wakeAt == start + .milliseconds(10))
    #expect(all(&turns, at: 9) == [])
    #expect(all(&turns, at: 10) == [9])
    #expect(all(&turns, at: 25) == [10])
    #expect(turns.wakeAt == nil)
  }

  @Test func whoIsForgottenTakesNoTurn() {
    var turns = HandshakeTurns()
    for token in 1...3 { turns.ask(Readiness.Token(token)) }
    turns.forget(2)
    #expect(all(&turns, at: 0) == [1, 3])
  }
}
