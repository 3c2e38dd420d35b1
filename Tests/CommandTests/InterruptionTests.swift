import Foundation
import Testing

@Suite(.timeLimit(.minutes(5))) struct InterruptionTests {
  private static let file = """
    first:
        echo >> first.out
        echo >> first2.out
    only: first
        echo before >> before.out
        once echo >> once.out
        echo after >> after.out
    last: only
        echo >> last.out
    """

  /// Killed at each write to the record, the next run ends all; and what may run only once never ran twice.
  @Test func killedAtEachPoint() async throws {
    var points = 0
    for point in 1...60 {
      let program = try Program(Self.file)
      let killed = try await program.run(environment: ["STACKMAKE_TEST_KILL_AT": String(point)])
      if killed.status == 0 { break }
      points += 1
      #expect(killed.status == -SIGKILL)
      // What was started and isn't ours to wait for has ended by now, or ends before it is looked at.
      var next = try await program.run()
      if next.status == 4 {
        #expect(next.errors.contains("only: locked: build: only: step 2 must run only once, and was cut off\n"))
        let again = try await program.run()
        #expect(again.status == 4)
        #expect((program.read("once.out") ?? "").count <= 1)
        #expect(try await program.run("clean", "only").status == 0)
        next = try await program.run()
      } else {
        #expect(program.read("once.out") == "\n")
      }
      #expect(next.status == 0, "killed at \(point): \(next.errors)")
      #expect(try await program.run("-q").status == 0)
      #expect(program.exists("last.out"))
    }
    #expect(points > 10)
  }

  @Test func ctrlCLetsAStepFinish() async throws {
    let program = try Program(
      "a:\n    echo >> started; while ! test -e go; do sleep 0.02; done; echo >> ended\n    echo >> second\n")
    let running = try program.start([])
    #expect(await Program.wait { program.exists("started") })
    running.signal(SIGINT)
    #expect(await Program.wait { program.exists(".stackmake") })
    try await Task.sleep(for: .milliseconds(100))
    try program.write("go", "")
    let result = try await running.outcome.value
    #expect(result.status == 130)
    #expect(result.errors.contains("stackmake: warning: interrupted: waiting for what is safe to finish"))
    #expect(program.read("ended") == "\n")
    #expect(!program.exists("second"))
    let next = try await program.run()
    #expect(next.status == 0)
    #expect(next.errors.hasPrefix("a: building (stopped at step 2 in an earlier run)\na: step 2 of 2: "))
    #expect(program.read("started") == "\n")
  }

  @Test func ctrlCLetsAOnceStepOfThisMachineFinish() async throws {
    let program = try Program("a:\n    once echo >> started; while ! test -e go; do sleep 0.02; done; echo >> ended\n")
    let running = try program.start([])
    #expect(await Program.wait { program.exists("started") })
    running.signal(SIGINT)
    try await Task.sleep(for: .milliseconds(200))
    try program.write("go", "")
    #expect(try await running.outcome.value.status == 0)
    #expect(program.read("ended") == "\n")
    #expect(try await program.run("-q").status == 0)
  }

  @Test func twiceStopsAtOnce() async throws {
    let program = try Program("a:\n    echo $$ > started; sleep 100; echo >> ended\n")
    let running = try program.start([])
    #expect(await Program.wait { program.read("started")?.hasSuffix("\n") == true })
    let script = try #require(Int32(program.read("started")!.dropLast()))
    running.signal(SIGINT)
    try await Task.sleep(for: .milliseconds(100))
    running.signal(SIGINT)
    #expect(try await running.outcome.value.status == 130)
    #expect(await Program.wait { kill(script, 0) != 0 })
    #expect(!program.exists("ended"))
  }
}
