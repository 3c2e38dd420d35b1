import Foundation
import Testing

/// What a run leaves to be told afterwards: differences, costs, traces.
@Suite(.timeLimit(.minutes(5))) struct HistoryCommandTests {
  private static let file = """
    secret P
    conf:
        put site.conf out/site.conf
        render page.in out/page
        local
            echo one
            echo {{ P }} >/dev/null
    app: conf
        true
    """

  @Test func whyGoesDownToTheByte() async throws {
    let program = try Program(Self.file, files: ["site.conf": "port = 80\nname = a\n", "page.in": "hello\nworld\n"])
    #expect(try await program.run("-s").status == 0)
    try program.write("site.conf", "port = 80\nname = b\n")
    try program.write("page.in", "hello\nwurld\n")
    try program.write("Stackfile", Self.file.replacing("echo one", with: "echo two"))
    let why = try await program.run("why", "conf")
    let settled = why.output.replacing(/sha256 [0-9a-f]{8}… -> [0-9a-f]{8}…/, with: "sha256 A -> B")
    #expect(
      settled == """
        conf is stale:
          file `site.conf` changed (sha256 A -> B)
            from byte 17 on (line 2, column 8):
            --- site.conf as built
            +++ site.conf now
            @@ -1,2 +1,2 @@
             port = 80
            -name = a
            +name = b
          file `page.in` changed (hello… -> hello…)
            from byte 7 on (line 2, column 2):
            --- page.in as built
            +++ page.in now
            @@ -1,2 +1,2 @@
             hello
            -world
            +wurld
          step 3 changed at line 1: `local echo one` -> `local echo two`
            from byte 11 on (line 1, column 12):
            --- step 3 as built
            +++ step 3 now
            @@ -1,2 +1,2 @@
            -local echo one
            +local echo two
             echo ••••[DIGEST] >/dev/null
        to bring conf up to date: 1 target in about T s
          may be stale after it: app

        """, "\(why)")
    let json = try await program.run("why", "conf", "--json")
    #expect(json.output.contains(#""cost":{"builds":["conf"],"expected-seconds":"#), "\(json)")
    #expect(json.output.contains(#""-name = a","+name = b""#), "\(json)")
  }

  /// A file that holds a secret is kept without it.
  @Test func keepsNoSecret() async throws {
    let program = try Program(
      "secret P\na:\n    echo {{ P }} > made\nb: a\n    put made out/made\n", files: ["made": "x"])
    #expect(try await program.run("-s", "a").status == 0)
    let secret = try #require(program.read("made")?.trimmingCharacters(in: .newlines))
    #expect(secret.count == 24)
    #expect(try await program.run("-s", "b").status == 0)
    try program.write("made", "no secret\n")
    let why = try await program.run("why", "b")
    #expect(why.output.contains("-••••[DIGEST]\n"), "\(why)")
    #expect(!why.output.contains(secret))
  }

  @Test func whySaysWhichMachineIsGivenUpAndWhatFollows() async throws {
    let program = try Program("base:\n    once echo {{ v }}\nv = 1\napp: base\n    true\n")
    #expect(try await program.run("-s").status == 0)
    let why = try await program.run("why", "base", "v=2")
    #expect(
      why.output.hasSuffix("to bring base up to date: 1 target in about T s\n  may be stale after it: app\n"), "\(why)")
  }

  /// What Perfetto needs: each event with phase, process and thread, named ones, and each beginning with its end.
  @Test func traceIsWhole() async throws {
    let program = try Program("a:\n    echo a\n    echo b\nb:\n    false\nc: a\n    true\n")
    #expect(try await program.run("-k", "--trace", "trace.json").status == 3)
    struct Event: Decodable {
      struct Arguments: Decodable {
        var name: String?
        var outcome: String?
      }
      var name: String?
      var ph: String
      var ts: Double?
      var pid: Int
      var tid: Int
      var args: Arguments?
    }
    let events = try JSONDecoder().decode([Event].self, from: Data(try #require(program.read("trace.json")).utf8))
    #expect(events.contains { $0.name == "process_name" && $0.args?.name == "stackmake" })
    let names = Dictionary(
      events.filter { $0.name == "thread_name" }.map { ($0.tid, $0.args?.name) }, uniquingKeysWith: { a, _ in a })
    #expect(Set(names.values) == ["a", "b", "c"])
    var open: [Int: Int] = [:]
    var last = 0.0
    for event in events where event.ph != "M" {
      let stamp = try #require(event.ts)
      #expect(stamp >= last && event.pid == 1 && names[event.tid] != nil)
      last = stamp
      open[event.tid, default: 0] += event.ph == "B" ? 1 : -1
      #expect((0...2).contains(open[event.tid]!) && ["B", "E"].contains(event.ph))
      if event.ph == "B" { #expect(event.name != nil) }
    }
    #expect(open.values.allSatisfy { $0 == 0 })
    #expect(events.compactMap(\.args?.outcome).sorted() == ["built", "built", "failed"])
  }
}
