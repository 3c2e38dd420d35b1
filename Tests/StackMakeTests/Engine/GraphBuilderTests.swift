import StackMake
import Support
import Testing

@Suite struct GraphBuilderTests {
  private static let nowhere = SourceLocation(file: "Stackfile", line: 1, column: 1)

  /// `a: b c | d` lines.
  private func builder(_ lines: [String]) -> GraphBuilder {
    var builder = GraphBuilder()
    func add(_ name: Substring) -> TargetID { builder.add(String(name), kind: "task", location: Self.nowhere) }
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 1)
      let owner = add(parts[0])
      var isOrderOnly = false
      for word in parts.count > 1 ? parts[1].split(separator: " ") : [] {
        if word == "|" {
          isOrderOnly = true
        } else {
          builder.addEdge(from: owner, to: add(word), orderOnly: isOrderOnly)
        }
      }
    }
    return builder
  }

  private func names(_ targets: some Sequence<TargetID>, _ graph: Graph) -> [String] { targets.map { graph.name($0) } }

  @Test func edgesByPurposeAndBack() throws {
    let graph = try builder(["a: b c | d", "b: d"]).build()
    let a = try #require(graph.target(named: "a"))
    let d = try #require(graph.target(named: "d"))
    #expect(names(graph.dependencies(a, for: .order), graph) == ["b", "c", "d"])
    #expect(names(graph.dependencies(a, for: .staleness), graph) == ["b", "c"])
    #expect(names(graph.dependents(d), graph) == ["a", "b"])
    #expect(graph.target(named: "e") == nil)
    #expect(graph.count == 4)
  }

  @Test(
    arguments: [
      (["a: b b b"], ["b"], []), (["a: b | b"], ["b"], []), (["a: | b", "a: b"], ["b"], []),
      (["a: | b b"], [], ["b"]), (["a: | c b"], [], ["c", "b"]), (["a: c", "a: b | c d"], ["c", "b"], ["d"]),
    ] as [([String], [String], [String])])
  func edgesMerge(lines: [String], counted: [String], orderOnly: [String]) throws {
    let graph = try builder(lines).build()
    let a = try #require(graph.target(named: "a"))
    #expect(names(graph.dependencies(a, for: .staleness), graph) == counted)
    #expect(names(graph.dependencies(a, for: .order).dropFirst(counted.count), graph) == orderOnly)
  }

  @Test(
    arguments: [
      (["a: b", "b: c", "c: a"], "a -> b -> c -> a"), (["a: a"], "a -> a"), (["a: | b", "b: a"], "a -> b -> a"),
      (["x: a", "a: b", "b: a"], "a -> b -> a"), (["x", "a: x b", "b: c x", "c: x b"], "b -> c -> b"),
    ] as [([String], String)])
  func cyclesAreShown(lines: [String], text: String) throws {
    let builder = builder(lines)
    let cycle = #expect(throws: GraphBuilder.Cycle.self) { try builder.build() }
    #expect(cycle?.description == text)
    #expect(cycle?.locations.count == (cycle?.names.count ?? 0) - 1)
  }

  @Test func orderPutsDependenciesFirst() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<50 {
      let count = Int.random(in: 1...30, using: &random)
      var lines = (0..<count).map { "t\($0)" }
      for owner in 1..<max(2, count) {
        for _ in 0..<Int.random(in: 0...3, using: &random) where owner < count {
          lines.append("t\(owner): t\(Int.random(in: 0..<owner, using: &random))")
        }
      }
      lines.shuffle(using: &random)
      let graph = try builder(lines).build()
      var done: Set<TargetID> = []
      for target in graph.topologicalOrder {
        #expect(done.isSuperset(of: graph.dependencies(target, for: .order)))
        done.insert(target)
      }
      #expect(done.count == graph.count)
    }
  }

  @Test func closureHoldsWhatGoalsNeed() throws {
    let graph = try builder(["a: b", "b: c | d", "e: d", "f"]).build()
    func closure(_ goals: [String]) -> [String] {
      names(graph.closure(of: goals.map { graph.target(named: $0)! }), graph).sorted()
    }
    #expect(closure(["a"]) == ["a", "b", "c", "d"])
    #expect(closure(["e", "f"]) == ["d", "e", "f"])
    #expect(closure([]) == [])
  }

  @Test func targetsShareRecipesAndOptions() throws {
    var builder = builder(["a", "b", "c"])
    let step = Step(
      body: .script(Template("true")), site: .home, isOnce: false, retry: nil, location: Self.nowhere)
    let recipe = builder.add(recipe: [step])
    builder.set(recipe: recipe, of: TargetID(0))
    builder.set(recipe: recipe, of: TargetID(1))
    builder.set(options: TargetOptions(retries: 2), of: TargetID(2))
    let graph = try builder.build()
    #expect(graph.recipe(TargetID(0)) == [step])
    #expect(graph.recipe(TargetID(1)) == [step])
    #expect(graph.recipe(TargetID(2)).isEmpty)
    #expect(graph.options(TargetID(0)) == .standard)
    #expect(graph.options(TargetID(2)).retries == 2)
  }
}
