import Testing

extension OpenStackTests {
  /// What the layout asks for and the cloud doesn't have: said before anything is made.
  @Suite struct RefusedLayoutTests {
    struct Case: Sendable, CustomTestStringConvertible {
      var layout: String
      var says: String
      var hint: String
      var testDescription: String { layout }
    }

    static let cases = [
      Case(
        layout: "    web image=debain-12", says: "no image called `debain-12` (web)", hint: "did you mean `debian-12`?"),
      Case(
        layout: "    web flavor=m1.tinny", says: "no flavor called `m1.tinny` (web)", hint: "did you mean `m1.tiny`?"),
      Case(layout: "    web network=privat", says: "no network called `privat` (web)", hint: "did you mean `private`?"),
      Case(layout: "    web zone=az9", says: "no zone called `az9` (web)", hint: "did you mean `az1`?"),
      Case(
        layout: "    web security-group=opne", says: "no security group called `opne` (web)",
        hint: "did you mean `open`?"),
      Case(
        layout: "    web image=never-uploaded", says: "image `never-uploaded` is queued, not active (web)",
        hint: "wait until it is uploaded, or take another"),
    ]

    @Test(arguments: cases) func isRefused(_ test: Case) async throws {
      let trial = try CloudTrial("layout:\n\(test.layout)\n")
      try await trial.fails(
        saying: """
          image-validated: failed: validate what the layout asks for: image-validated: \(test.says)
          image-validated:   hint: \(test.hint)
          """)
      #expect(try await trial.left() == [])
    }

    @Test func allAtOnce() async throws {
      let trial = try CloudTrial("layout:\n    web image=debain-12 zone=az9\n    db flavor=m1.tinny network=privat\n")
      try await trial.fails(
        saying: """
          image-validated: failed: validate what the layout asks for: image-validated: no image called `debain-12` (web)
          image-validated:     no zone called `az9` (web)
          image-validated:     no flavor called `m1.tinny` (db)
          image-validated:     no network called `privat` (db)
          image-validated:   hint: did you mean `az1`?; did you mean `debian-12`?; did you mean `m1.tiny`?; did you mean `private`?
          """)
      #expect(try await trial.left() == [])
    }
  }
}
