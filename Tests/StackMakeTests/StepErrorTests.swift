import StackMake
import Testing

@Suite struct StepErrorTests {
  private static func error(_ subject: String, _ code: StepError.Code = .failed) -> StepError {
    StepError(code, operation: "run", subject: subject, cause: "\(subject) said no", hint: "look at \(subject)")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var failures: [StepError]
    var text: String?
    var code: StepError.Code? = .failed
  }

  @Test(arguments: [
    Case(testDescription: "none", failures: [], text: nil, code: nil),
    Case(testDescription: "one", failures: [error("b")], text: "run: b: b said no\n  hint: look at b"),
    Case(
      testDescription: "several, by name", failures: [error("b"), error("a")],
      text: "run: 2 of 3 places: a: a said no\nb: b said no\n  hint: look at a"),
    Case(
      testDescription: "all were interrupted", failures: [error("b", .interrupted), error("a", .interrupted)],
      text: "run: a: a said no\n  hint: look at a", code: .interrupted),
    Case(
      testDescription: "one failed, one was interrupted", failures: [error("a", .interrupted), error("b")],
      text: "run: 2 of 3 places: a: a said no\nb: b said no\n  hint: look at b"),
  ])
  func severalAreOne(_ test: Case) {
    let joined = StepError.joined(test.failures, of: 3, "places")
    #expect(joined?.description == test.text)
    #expect(joined?.code == test.code)
  }
}
