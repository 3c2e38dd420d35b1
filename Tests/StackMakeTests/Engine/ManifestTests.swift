import StackMake
import Support
import Testing

@Suite struct ManifestTests {
  private static let base = """
    secret PASS
    layout:
        web  flavor=small
    dep:
        true
    only:
        true
    app/web: dep | only
        echo {{ ip web }} {{ PASS }}
        put conf/a etc/
        once start
    """

  private func files() -> InMemoryFileSystem { InMemoryFileSystem(texts: ["conf/a": "1", "t.conf": "x={{ PASS }}"]) }

  private struct Input {
    var text = base
    var files: InMemoryFileSystem
    var digests = ["PASS": "abc123"]
    var outputs: [String: [String: String]?] = [
      "dep": ["value": "1"], "only": ["value": "1"], "server/web": ["ip": "10.0.0.1", "generation": "1"],
    ]
  }

  private func manifest(
    _ input: Input, _ name: String = "app/web"
  ) throws -> (manifest: Manifest, isComplete: Bool, graph: Graph) {
    let graph = try Graph.stackfile(input.text, files: input.files)
    let (files, errors) = SourceFiles.read(graph.targets, in: graph, from: input.files)
    #expect(errors.isEmpty)
    let kinds = Dictionary((graph.kinds + ["task"]).map { ($0, FakeKind() as any TargetKind) }) { first, _ in first }
    let walk = ManifestWalk(graph: graph, kinds: kinds, files: files, secretDigests: input.digests)
    let (manifest, isComplete) = walk.manifest(of: graph.target(named: name)!) { input.outputs[graph.name($0)] ?? nil }
    return (manifest, isComplete, graph)
  }

  @Test func everythingThatIdentifiesTheResult() throws {
    let (manifest, isComplete, _) = try manifest(Input(files: files()))
    #expect(isComplete)
    #expect(
      manifest.entries == [
        ManifestEntry("output dep value", "1"), ManifestEntry("output server/web generation", "1"),
        ManifestEntry("output server/web ip", "10.0.0.1"), ManifestEntry("step 1", "echo 10.0.0.1 ••••[abc123]"),
        ManifestEntry("step 2", "put conf/a etc/"),
        ManifestEntry("file conf/a", "sha256:\(Fingerprint(of: "1").hexadecimal) mode=0644"),
        ManifestEntry("step 3", "once start"),
      ])
    #expect(manifest.contextCount == 3)
    #expect(manifest.steps.count == 3)
    #expect(Set(manifest.steps).count == 3)
  }

  enum Change: String, CaseIterable, Sendable {
    case script, destination, once, file, fileMode, secret, output, newOutput, generation, mode, place
    case orderOnly, timeout, retries, comment, other

    var counts: Bool {
      switch self {
      case .orderOnly, .timeout, .retries, .comment, .other: false
      default: true
      }
    }
  }

  @Test(arguments: Change.allCases) func changesTheFingerprintOrNot(_ change: Change) throws {
    var input = Input(files: files())
    let before = try manifest(input).manifest
    func replace(_ old: String, _ new: String) {
      #expect(input.text.contains(old))
      input.text = input.text.replacing(old, with: new)
    }
    switch change {
    case .script: replace("echo", "printf")
    case .destination: replace("etc/", "opt/")
    case .once: replace("once start", "start")
    case .file: input.files.write("conf/a", InMemoryFileSystem.File("2"))
    case .fileMode: input.files.write("conf/a", InMemoryFileSystem.File("1", mode: 0o755))
    case .secret: input.digests["PASS"] = "def456"
    case .output: input.outputs["dep"] = ["value": "2"]
    case .newOutput: input.outputs["dep"] = ["value": "1", "more": "1"]
    case .generation: input.outputs["server/web"] = ["ip": "10.0.0.1", "generation": "2"]
    case .mode: replace("etc/", "etc/ mode=0600")
    case .place: replace("    once start", "    local once start")
    case .orderOnly: input.outputs["only"] = ["value": "2"]
    case .timeout: input.text += "\napp/web: timeout = 5s\n"
    case .retries: input.text += "\napp/web: retries = 3\n"
    case .comment: input.text = "# said\n" + input.text
    case .other: input.text += "\nother:\n    true\n"
    }
    let after = try manifest(input).manifest
    #expect((before.fingerprint != after.fingerprint) == change.counts)
    #expect((before.entries != after.entries) == change.counts)
  }

  @Test func secretsAreNeverInIt() throws {
    var input = Input(files: files())
    input.text = """
      secret PASS
      a:
          echo {{ PASS }}
          render t.conf /tmp/{{ PASS }}
      """
    let (manifest, _, _) = try manifest(input, "a")
    #expect(
      manifest.entries == [
        ManifestEntry("step 1", "echo ••••[abc123]"), ManifestEntry("step 2", "render t.conf /tmp/••••[abc123]"),
        ManifestEntry("file t.conf", "x=••••[abc123]"),
      ])
    input.digests = [:]
    #expect(try self.manifest(input, "a").manifest.entries[0].value == "echo ••••[new]")
  }

  @Test func outputsThatAreNotKnownYet() throws {
    var input = Input(files: files())
    input.outputs["server/web"] = .some(nil)
    let (manifest, isComplete, _) = try manifest(input)
    #expect(!isComplete)
    #expect(manifest.entries.contains(ManifestEntry("step 1", "echo <ip of server/web> ••••[abc123]")))
  }

  @Test func ownOutputsAreStable() throws {
    var builder = GraphBuilder()
    let location = SourceLocation(file: "Stackfile", line: 1, column: 1)
    let target = builder.add("server/web", kind: "server", location: location)
    let script = Template([.text("echo "), .output(target: target, key: "ip")])
    let step = Step(body: .script(script), site: .home, isOnce: false, retry: nil, location: location)
    builder.set(recipe: builder.add(recipe: [step]), of: target)
    let walk = ManifestWalk(
      graph: try builder.build(), kinds: ["server": FakeKind()], files: SourceFiles(), secretDigests: [:])
    for outputs in [nil, ["ip": "10.0.0.9"]] as [[String: String]?] {
      let (manifest, isComplete) = walk.manifest(of: target) { _ in outputs }
      #expect(isComplete)
      #expect(manifest.entries == [ManifestEntry("step 1", "echo <ip>")])
    }
  }

  @Test func aStepKnowsItsContextAndItsFilesOnly() throws {
    var input = Input(files: files())
    let before = try manifest(input).manifest.steps
    input.files.write("conf/a", InMemoryFileSystem.File("2"))
    let after = try manifest(input).manifest.steps
    #expect(zip(before, after).map { $0 == $1 } == [true, false, true])
    input.outputs["dep"] = ["value": "9"]
    let later = try manifest(input).manifest.steps
    #expect(zip(after, later).map { $0 == $1 } == [false, false, false])
  }

  @Test func lengthsKeepTextsApart() {
    let pairs = [[("a", "bc")], [("ab", "c")], [("abc", "")], [("a", "b"), ("c", "")], []]
    let digests = pairs.map { Manifest(entries: $0.map { ManifestEntry($0.0, $0.1) }).fingerprint }
    #expect(Set(digests).count == pairs.count)
  }

  @Test func theSameFileInTwoStepsHasTwoKeys() throws {
    var input = Input(files: files())
    input.text = "a:\n    put conf/a x\n    put conf/a y\n"
    #expect(
      try manifest(input, "a").manifest.entries.map(\.key)
        == ["step 1", "file conf/a", "step 2", "file conf/a in step 2"])
  }
}
