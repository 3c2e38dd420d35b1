import StackMake

/// A simulated cluster: its graph, how long each target is expected to take, and how long it does.
struct Cluster {
  let graph: Graph
  let expected: [Double]
  let actual: [Double]

  /// A cloud of `machines`: each machine is made, joins the mesh and the overlay, and is installed; computes follow
  /// the controllers of their cell; each cell is verified at the end.
  ///
  /// - Parameter spread: by how much a duration differs from what earlier runs tell, as a share of it.
  init(machines: Int, spread: Double, seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    var builder = GraphBuilder()
    var expected: [Double] = []
    func add(_ name: String, _ kind: String, _ seconds: ClosedRange<Double>, after: [TargetID] = []) -> TargetID {
      let target = builder.add(name, kind: kind, location: SourceLocation(file: "simulated", line: 1, column: 1))
      expected.append(Double.random(in: seconds, using: &chance))
      for dependency in after { builder.addEdge(from: target, to: dependency) }
      return target
    }
    let image = add("image-validated", "image-validated", 2...4)
    var installed: [TargetID] = []
    var cells: [TargetID] = []
    let perCell = 50
    for cell in 0..<(machines + perCell - 1) / perCell {
      let size = min(perCell, machines - cell * perCell)
      let servers = (0..<size).map { add("server/\(cell)-\($0)", "server", 30...90, after: [image]) }
      // Keys are exchanged within a cell: pairs of all would grow with the square.
      let mesh = add("mesh/\(cell)", "ssh-mesh", 3...6, after: servers)
      let controller = add("stacked/\(cell)-0", "stacked", 500...700, after: [mesh, servers[0]])
      installed.append(controller)
      let computes = (1..<max(1, size)).map { number in
        add("stacked/\(cell)-\(number)", "stacked", 200...400, after: [controller, servers[number]])
      }
      installed += computes
      cells.append(add("cell/\(cell)", "task", 20...40, after: [controller] + computes))
    }
    _ = add("cells-verified", "task", 10...20, after: cells)
    graph = try builder.build()
    self.expected = expected
    actual = expected.map { $0 * Double.random(in: 1 - spread...1 + spread, using: &chance) }
  }

  /// What no schedule beats: the longest way, or all work shared evenly (`simple`); and for any moment before which
  /// some of the work can't begin, that moment, the work shared evenly, and the shortest way that is left after it. A
  /// target can't begin before the longest way to it has passed, nor before all that it needs, shared evenly.
  func bounds(jobs: Int) -> (simple: Double, tight: Double) {
    var heads = [Double](repeating: 0, count: graph.count)
    var tails = [Double](repeating: 0, count: graph.count)
    func seconds(_ target: TargetID) -> Double { actual[Int(target.index)] }
    var needed = [TargetSet](repeating: TargetSet(count: graph.count), count: graph.count)
    for target in graph.topologicalOrder {
      let index = Int(target.index)
      for dependency in graph.dependencies(target, for: .order) {
        heads[index] = max(heads[index], heads[Int(dependency.index)] + seconds(dependency))
        needed[index].formUnion(needed[Int(dependency.index)])
        needed[index].insert(dependency)
      }
      heads[index] = max(heads[index], needed[index].sum(of: actual) / Double(jobs))
    }
    for target in graph.topologicalOrder.reversed() {
      for dependent in graph.dependents(target) {
        tails[Int(target.index)] = max(tails[Int(target.index)], tails[Int(dependent.index)] + seconds(dependent))
      }
    }
    let longest = graph.targets.map { heads[Int($0.index)] + seconds($0) }.max() ?? 0
    let simple = max(longest, actual.reduce(0, +) / Double(jobs))
    var tight = simple
    var work = 0.0
    var left = Double.infinity
    for target in graph.targets.sorted(by: { heads[Int($0.index)] > heads[Int($1.index)] }) {
      work += seconds(target)
      left = min(left, tails[Int(target.index)])
      tight = max(tight, heads[Int(target.index)] + work / Double(jobs) + left)
    }
    return (simple, tight)
  }
}

/// Targets of one graph, a bit each.
struct TargetSet {
  private var words: [UInt64]

  init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

  mutating func insert(_ target: TargetID) { words[Int(target.index) / 64] |= 1 << UInt64(target.index % 64) }

  mutating func formUnion(_ other: TargetSet) {
    for index in words.indices { words[index] |= other.words[index] }
  }

  /// Of the values of its targets.
  func sum(of values: [Double]) -> Double {
    var sum = 0.0
    for (index, word) in words.enumerated() where word != 0 {
      for bit in 0..<64 where word & (1 << UInt64(bit)) != 0 { sum += values[index * 64 + bit] }
    }
    return sum
  }
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
