import Testing

@testable import StackMake

@Suite struct TextTests {
  @Test(arguments: [
    (0.0, "0.0 s"), (0.42, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (12.4, "12 s"), (59.6, "1 min 00 s"),
    (185, "3 min 05 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h 00 min"), (3720, "1 h 02 min"), (86399, "1 d 00 h"),
    (183_600, "2 d 03 h"), (-3, "0.0 s"),
  ])
  func durations(seconds: Double, text: String) {
    #expect(DurationText.text(seconds) == text)
  }

  @Test(arguments: [(12.9, "12 s"), (185, "3 min"), (7300, "2 h"), (172_799, "47 h"), (432_000, "5 d"), (-1, "0 s")])
  func ages(seconds: Double, text: String) {
    #expect(AgeText.text(seconds) == text)
  }

  static func summary(
    _ wanted: Int, fresh: Int = 0, built: Int = 0, failed: Int = 0, locked: Int = 0, skipped: Int = 0,
    interrupted: Int = 0, seconds: Double = 42
  ) -> Summary {
    var summary = Summary()
    (summary.wanted, summary.fresh, summary.built, summary.failed) = (wanted, fresh, built, failed)
    (summary.locked, summary.skipped, summary.interrupted, summary.seconds) = (locked, skipped, interrupted, seconds)
    return summary
  }

  @Test(arguments: [
    (
      summary(14, fresh: 9, built: 3, failed: 1, skipped: 1),
      "stackmake: 14 targets: 9 fresh, 3 built, 1 failed, 1 skipped (42 s)"
    ),
    (summary(14, fresh: 14), "stackmake: 14 targets are up to date"),
    (summary(1, fresh: 1), "stackmake: 1 target is up to date"),
    (summary(1, built: 1, seconds: 0.4), "stackmake: 1 target: 1 built (0.4 s)"),
    (summary(0), "stackmake: nothing to do"),
    (summary(5, locked: 1, interrupted: 2), "stackmake: 5 targets: 1 locked, 2 interrupted, 2 not reached (42 s)"),
  ])
  func summaries(summary: Summary, text: String) {
    #expect(SummaryText.text(summary) == text)
  }

  @Test(
    arguments: [
      (.neverBuilt, "never built"),
      (.forced, "asked for with `-B`"),
      (.unfinished(step: 2), "stopped at step 3 in an earlier run"),
      (.running(step: 2), "is being built now, at step 3"),
      (.failedBefore(message: "exit status 1\nlast lines"), "failed in an earlier run: exit status 1…"),
      (.dependencyWillRun("server/a"), "depends on `server/a`, which will run"),
      (.drift(what: "the server's state", old: "ACTIVE", new: "ERROR"), "the server's state is ERROR, and was ACTIVE"),
      (.drift(what: "the server", old: "u-1", new: ""), "the server is gone (it was u-1)"),
      (
        .changed(key: "setting flavor", old: "m1.small", new: "m1.large"),
        "setting `flavor` changed (m1.small -> m1.large)"
      ),
      (.changed(key: "setting meta.a", old: nil, new: "x"), "setting `meta.a` was added (x)"),
      (.changed(key: "setting meta.a", old: "", new: nil), "setting `meta.a` was removed (it was \"\")"),
      (
        .changed(key: "step 2", old: "apt-get install -y nginx", new: "apt-get install -y apache2"),
        "step 2 changed: `apt-get install -y nginx` -> `apt-get install -y apache2`"
      ),
      (.changed(key: "step 2", old: "a\nb\nc\n", new: "a\nx\nc\n"), "step 2 changed at line 2: `b` -> `x`"),
      (.changed(key: "step 2", old: "a\nb\n", new: "a\n"), "step 2 changed at line 2: `b` was removed"),
      (.changed(key: "step 2", old: "a", new: "a\nb"), "step 2 changed at line 2: `b` was added"),
      (.changed(key: "step 2", old: "a", new: "a\n"), "step 2 changed"),
      (.changed(key: "step 3", old: nil, new: "a\nb"), "step 3 was added: `a…`"),
      (.changed(key: "step 3", old: "a", new: nil), "step 3 was removed: `a`"),
      (
        .changed(
          key: "file extras/50-gpu.sh", old: "sha256:1234abcd5678 mode=0644", new: "sha256:99887766aa mode=0644"),
        "file `extras/50-gpu.sh` changed (sha256 1234abcd… -> 99887766…)"
      ),
      (
        .changed(key: "file a b", old: "sha256:12 mode=0644", new: "sha256:12 mode=0755"),
        "file `a b` changed (mode 0644 -> 0755)"
      ),
      (.changed(key: "file a", old: nil, new: "sha256:12 mode=0755"), "file `a` was added"),
      (.changed(key: "file a", old: "sha256:12 mode=0755", new: nil), "file `a` was removed"),
      (
        .changed(key: "output server/controller ip", old: "a", new: "b"),
        "output `ip` of `server/controller` changed (a -> b)"
      ),
      (.changed(key: "output layout", old: "a", new: "b"), "output of `layout` changed (a -> b)"),
      (.changed(key: "once", old: "1", new: "1 2"), "which steps run once changed (1 -> 1 2)"),
      (.changed(key: "kind", old: "task", new: "server"), "kind changed (task -> server)"),
      (.changed(key: "other", old: nil, new: nil), "`other` changed"),
    ] as [(StaleReason, String)])
  func reasons(reason: StaleReason, text: String) {
    #expect(ReasonText.text(reason) == text)
  }

  @Test func longValuesShowWhereTheyDiffer() {
    let long = String(repeating: "a", count: 100)
    #expect(
      ReasonText.text(.changed(key: "setting x", old: long + "1", new: long + "2"))
        == "setting `x` changed (…aaaaaaaaaaaaaaaaaaaa1 -> …aaaaaaaaaaaaaaaaaaaa2)")
    #expect(
      ReasonText.text(.changed(key: "setting x", old: "b" + long, new: "c"))
        == "setting `x` changed (b\(String(repeating: "a", count: 58))… -> c)")
  }

  @Test func severalReasonsAreThreeAndACount() {
    #expect(
      ReasonText.text([.neverBuilt, .forced, .unfinished(step: 0), .neverBuilt, .forced])
        == "never built; asked for with `-B`; stopped at step 1 in an earlier run; and 2 more")
  }

  @Test(arguments: [
    ("plain", "plain"), ("a\tb", "a b"), ("\u{1b}[31mred\u{1b}[0m", "red"), ("\u{1b}]0;title\u{7}x", "x"),
    ("\u{1b}]8;;u\u{1b}\\link", "link"), ("a\u{7}b\u{8}", "ab"), ("\u{1b}[2J\u{1b}[H", ""), ("\u{9b}31mx", "31mx"),
    ("cut \u{1b}[3", "cut "), ("é\u{1b}", "é"),
  ])
  func cleans(text: String, expected: String) {
    #expect(DisplayText.clean(text) == expected)
  }

  @Test(arguments: [
    ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("東京都", 6, "東京都"), ("東京都", 5, "東京…"), ("東京都", 4, "東…"),
    ("e\u{301}x", 2, "e\u{301}x"), ("abc", 1, "…"), ("abc", 0, ""),
  ])
  func cutsToAWidth(text: String, width: Int, expected: String) {
    #expect(DisplayText.cut(text, to: width) == expected)
    #expect(DisplayText.width(expected) <= width)
  }
}
