import Testing

@testable import StackMake

@Suite struct GlobTests {
  @Test(arguments: [
    ("*", "abc", true), ("*", "a/c", false), ("*/*", "a/c", true), ("a*c", "abbc", true), ("a*c", "abcb", false),
    ("a?c", "abc", true), ("a?c", "a/c", false), ("a?c", "aéc", true), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
    ("[!a-c]x", "dx", true), ("[^a-c]x", "ax", false), ("[]]", "]", true), ("[a", "[a", true), ("[a-]", "-", true),
    ("", "", true), ("", "a", false), ("**", "abc", true), ("a*b*c", "aXbYc", true), ("a*/c", "ab/c", true),
    ("a*/c", "ab/d/c", false), ("[/]", "/", false), ("*b", "ab/b", false), ("*-1", "a-1-1", true),
  ]) func matches(_ glob: String, _ text: String, _ expected: Bool) {
    #expect(Glob.matches(glob, text) == expected)
  }

  /// Every `*` could be tried at every place: what has no limit takes years for this.
  @Test(.timeLimit(.minutes(1))) func manyStars() {
    let glob = String(repeating: "a*", count: 200) + "b"
    #expect(!Glob.matches(glob, String(repeating: "a", count: 20_000)))
  }
}
