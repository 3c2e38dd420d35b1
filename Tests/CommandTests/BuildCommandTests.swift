import Foundation
import Testing

@Suite(.timeLimit(.minutes(5))) struct BuildCommandTests {
  private static let file = """
    greeting = hello
    base:
        echo {{ greeting }} > base.out
        put conf/a.txt out/
    app: base
        cat base.out conf/a.txt > app.out
        echo built
    """

  private func program(_ text: String = file) throws -> Program { try Program(text, files: ["conf/a.txt": "A\n"]) }

  private static let planned = """
    base: never built
        1: echo hello > base.out
        2: put conf/a.txt out/
    app: never built
        1: cat base.out conf/a.txt > app.out
        2: echo built
    stackmake: 2 targets of 2 would be built

    """

  @Test func buildsAndThenHasNothingToDo() async throws {
    let program = try program()
    let first = try await program.run()
    #expect(first.status == 0)
    #expect(first.output == "")
    #expect(
      first.errors == """
        base: building (never built)
        base: step 1 of 2: echo hello > base.out
        base: step 2 of 2: put conf/a.txt out/
        base: built in T s
        app: building (never built)
        app: step 1 of 2: cat base.out conf/a.txt > app.out
        app: step 2 of 2: echo built
        app: built
        app: built in T s
        stackmake: 2 targets: 2 built (T s)

        """)
    #expect(program.read("app.out") == "hello\nA\n")
    #expect(program.read("out/a.txt") == "A\n")
    let second = try await program.run()
    #expect(second.status == 0)
    #expect(second.errors == "stackmake: 2 targets are up to date\n")
    #expect(try await program.run("-q").status == 0)
  }

  @Test func aDryRunMakesNothing() async throws {
    let program = try program()
    let plan = try await program.run("-n")
    #expect(plan.status == 0)
    #expect(plan.output == Self.planned)
    #expect(plan.errors == "")
    #expect(!program.exists(".stackmake"))
    let question = try await program.run("-q")
    #expect(question.status == 1)
    #expect(question.output + question.errors == "")
    #expect(!program.exists(".stackmake"))
  }

  @Test func changesRunWhatTheyMust() async throws {
    let program = try program()
    try await program.run("-s")
    try program.write("conf/a.txt", "B\n")
    #expect(
      try await program.run("-n").output.hasPrefix("base: file `conf/a.txt` changed (sha256 "))
    try await program.run("-s")
    #expect(program.read("out/a.txt") == "B\n")
    #expect(
      try await program.run("-n", "greeting=bye").output == """
        base: step 1 changed: `echo hello > base.out` -> `echo bye > base.out`
            1: echo bye > base.out
            2: put conf/a.txt out/
        app: output `inputs` of `base` changed (DIGEST -> DIGEST)
            1: cat base.out conf/a.txt > app.out
            2: echo built
        stackmake: 2 targets of 2 would be built

        """)
    #expect(
      try await program.run("why", "app", "greeting=bye").output == """
        app is stale:
          output `inputs` of `base` changed (DIGEST -> DIGEST)
            base is stale:
              step 1 changed: `echo hello > base.out` -> `echo bye > base.out`
        to bring app up to date: 2 targets in about T s

        """)
    try program.write("Stackfile", Self.file.replacing("echo built", with: "echo again"))
    let rebuilt = try await program.run()
    #expect(
      rebuilt.errors == """
        app: building (step 2 changed: `echo built` -> `echo again`)
        app: step 2 of 2: echo again
        app: again
        app: built in T s
        stackmake: 2 targets: 1 fresh, 1 built (T s)

        """)
    #expect(try await program.run("why", "app").output == "app: up to date\n")
  }

  @Test func alwaysMake() async throws {
    let program = try program()
    try await program.run("-s")
    let result = try await program.run("-B", "base")
    #expect(result.status == 0)
    #expect(result.errors.hasPrefix("base: building (asked for with `-B`)\nbase: step 1 of 2: "))
  }

  @Test func aFailureStopsOrNot() async throws {
    let text = "bad:\n    echo oh no; exit 7\nafter: bad\n    true\ngood:\n    echo >> good.out\nlast: good\n    true\n"
    let program = try Program(text)
    let kept = try await program.run("-k", "-j", "1")
    #expect(kept.status == 3)
    #expect(
      kept.errors == """
        bad: building (never built)
        bad: step 1 of 1: echo oh no; exit 7
        bad: oh no
        bad: failed: run step 1 of 1: bad: exit status 7
        bad:     oh no
        bad:   hint: `stackmake log bad` shows all of its output
        after: skipped: it depends on `bad`
        good: building (never built)
        good: step 1 of 1: echo >> good.out
        good: built in T s
        last: building (never built)
        last: step 1 of 1: true
        last: built in T s
        stackmake: 4 targets: 2 built, 1 failed, 1 skipped (T s)

        """)
    #expect(
      try await program.run("status").output == """
        bad    failed: exit status 7
        good   up to date, built T ago
        after  unknown: waits for `bad`, which failed
        last   up to date, built T ago

        """)
    let program2 = try Program(text)
    #expect(try await program2.run("-j", "1").status == 3)
    #expect(!program2.exists("good.out"))
  }

  @Test func onceThatFailedIsLocked() async throws {
    let program = try Program("a:\n    once echo >> ran; exit 1\nb: a\n    true\nc:\n    echo >> other\n")
    let first = try await program.run("-j", "1")
    #expect(first.status == 4)
    #expect(program.exists("other"))
    let second = try await program.run("-B")
    #expect(second.status == 4)
    #expect(second.errors.contains("a: locked: build: a: step 1 must run only once, and failed\n"))
    #expect(second.errors.contains("  hint: `stackmake clean a` gives it a fresh start\n"))
    #expect(program.read("ran") == "\n")
    #expect(try await program.run("-n").status == 4)
    #expect(try await program.run("status").output.contains("a  locked: step 1 must run only once, and failed\n"))
    #expect(try await program.run("clean", "a").status == 0)
    #expect(try await program.run().status == 4)
    #expect(program.read("ran") == "\n\n")
  }

  @Test func onlyOneAtATime() async throws {
    let program = try Program("a:\n    touch started; while ! test -e go; do sleep 0.02; done\n")
    let first = try program.start([])
    #expect(await Program.wait { program.exists("started") })
    let second = try await program.run()
    #expect(second.status == 5)
    #expect(second.errors.contains("\(first.pid)") || second.errors.contains("process PID"))
    #expect(try await program.run("status").output == "a  running\n")
    try program.write("go", "")
    #expect(try await first.outcome.value.status == 0)
  }

  @Test func jsonIsOneObjectALine() async throws {
    let program = try program()
    for words in [["-n", "--json"], ["--json"], ["status", "--json"], ["list", "--json"]] {
      let result = try await program.start(words).outcome.value
      #expect(result.status == 0)
      let lines = result.output.split(separator: "\n")
      #expect(lines.count >= 2)
      for line in lines {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["type"] is String)
        #expect(object?["version"] as? Int == 1)
      }
    }
  }

  @Test func secretsAreNeverShown() async throws {
    let program = try Program(
      """
      secret PASS
      a:
          printf %s {{ PASS }} > pass.out
          echo it is {{ PASS }}
          printf 'half %s' {{ PASS }} >&2
          render t.conf made.conf
      b: a
          echo {{ PASS }}; exit 1
      """, files: ["t.conf": "x={{ PASS }}\n"])
    var said = ""
    for words in [
      ["-n"], ["-v"], ["--json", "-v"], ["status"], ["status", "--json"], ["why", "b"], ["-n", "--json"], ["log", "a"],
      ["log", "b"], ["--trace", "trace.json", "-B"],
    ] {
      let result = try await program.start(words).outcome.value
      said += result.output + result.errors
    }
    let secret = try #require(program.read("pass.out"))
    #expect(secret.count == 24)
    #expect(program.read("made.conf") == "x=\(secret)\n")
    #expect(!said.contains(secret))
    #expect(said.contains("it is ••••"))
    #expect(program.read("trace.json")?.contains(secret) == false)
    // The record holds it once, where secrets are kept; logs hold none.
    for case let name as String in FileManager.default.enumerator(atPath: "\(program.path)/.stackmake/logs")! {
      #expect(program.read(".stackmake/logs/\(name)")?.contains(secret) != true)
    }
    let modes = try FileManager.default.attributesOfItem(atPath: "\(program.path)/.stackmake")
    #expect((modes[.posixPermissions] as? Int).map { $0 & 0o077 } == 0)
  }
}
