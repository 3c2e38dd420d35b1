/// Collects targets and edges, and makes the immutable `Graph` of them.
package struct GraphBuilder: Sendable {
  /// A dependency cycle, from a target back to itself: `a -> b -> c -> a`.
  package struct Cycle: Error, Hashable, CustomStringConvertible {
    package let names: [String]
    /// Where each of `names` (but the last, which is the first again) is declared.
    package let locations: [SourceLocation]
    package var description: String { names.joined(separator: " -> ") }
  }

  private var names: NameTable
  private var kinds: [String] = []
  private var kindNumbers: [String: UInt16] = [:]
  private var kindOf: [UInt16] = []
  private var recipes: [[Step]] = [[]]
  private var recipeOf: [UInt32] = []
  private var options: [TargetOptions] = [.standard]
  private var optionNumbers: [TargetOptions: UInt32] = [.standard: 0]
  private var optionsOf: [UInt32] = []
  private var placeOf: [PlaceID?] = []
  private var locations: [SourceLocation] = []
  // Edges as they came: owner, dependency with the top bit for order-only.
  private var edgeOwners: [UInt32] = []
  private var edgeTargets: [UInt32] = []
  private static let orderOnlyBit: UInt32 = 1 << 31

  package var places: [Place] = []
  package var placePrefix = ""
  package var pools: [String: Int] = [:]
  package var secrets: [String] = []
  package var variables: [String: String] = [:]
  package var declaresAll = false
  package var apartKinds: Set<String> = []
  package var resultTargets: Set<TargetID> = []
  package var description: [(name: String, value: Template)] = []

  package init(capacity: Int = 64) {
    names = NameTable(capacity: capacity)
    kindOf.reserveCapacity(capacity)
  }

  /// All targets at once, in the order of their names' numbers: each with the number of its kind in
  /// `kinds`, its place and its location, and with no recipe.
  package init(
    names: NameTable, kinds: [String], kindOf: [UInt16], placeOf: [PlaceID?], locations: [SourceLocation]
  ) {
    precondition(kindOf.count == names.count && placeOf.count == names.count && locations.count == names.count)
    self.names = names
    self.kinds = kinds
    kindNumbers = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1, UInt16($0)) })
    self.kindOf = kindOf
    self.placeOf = placeOf
    self.locations = locations
    recipeOf = Array(repeating: 0, count: names.count)
    optionsOf = Array(repeating: 0, count: names.count)
  }

  package var count: Int { names.count }
  package func name(_ target: TargetID) -> String { names[Int(target.index)] }
  package func find(_ name: String) -> TargetID? { names.find(name).map { TargetID($0) } }

  /// The target of that name, new with no recipe where there was none.
  package mutating func add(_ name: String, kind: String, location: SourceLocation) -> TargetID {
    let number = names.intern(name)
    if number < kindOf.count { return TargetID(number) }
    let kindNumber: UInt16
    if let known = kindNumbers[kind] {
      kindNumber = known
    } else {
      kindNumber = UInt16(kinds.count)
      kinds.append(kind)
      kindNumbers[kind] = kindNumber
    }
    kindOf.append(kindNumber)
    recipeOf.append(0)
    optionsOf.append(0)
    placeOf.append(nil)
    locations.append(location)
    return TargetID(number)
  }

  /// Keeps a recipe that several targets may share.
  package mutating func add(recipe: [Step]) -> UInt32 {
    recipes.append(recipe)
    return UInt32(recipes.count - 1)
  }

  package mutating func set(recipe: UInt32, of target: TargetID) { recipeOf[Int(target.index)] = recipe }
  package mutating func set(place: PlaceID?, of target: TargetID) { placeOf[Int(target.index)] = place }
  package mutating func set(location: SourceLocation, of target: TargetID) { locations[Int(target.index)] = location }

  package mutating func set(options new: TargetOptions, of target: TargetID) {
    if let known = optionNumbers[new] {
      optionsOf[Int(target.index)] = known
    } else {
      optionNumbers[new] = UInt32(options.count)
      optionsOf[Int(target.index)] = UInt32(options.count)
      options.append(new)
    }
  }

  /// `target` depends on `dependency`. Said twice it counts once, and an edge whose outputs
  /// count wins over an order-only one.
  package mutating func addEdge(from target: TargetID, to dependency: TargetID, orderOnly: Bool = false) {
    edgeOwners.append(target.index)
    edgeTargets.append(dependency.index | (orderOnly ? Self.orderOnlyBit : 0))
  }

  /// The graph, or the cycle that is in it.
  package func build() throws(Cycle) -> Graph {
    let n = names.count
    let rows = dependencyRows(n)
    var dependentStart = [UInt32](repeating: 0, count: n + 1)
    for edge in rows.edges { dependentStart[Int(edge.index) + 1] += 1 }
    for i in 0..<n { dependentStart[i + 1] += dependentStart[i] }
    var dependentEdges = [TargetID](repeating: TargetID(0), count: rows.edges.count)
    var fill = dependentStart
    for owner in 0..<n {
      for at in Int(rows.start[owner])..<Int(rows.start[owner + 1]) {
        let dependency = Int(rows.edges[at].index)
        dependentEdges[Int(fill[dependency])] = TargetID(owner)
        fill[dependency] += 1
      }
    }
    // Kahn's order: what remains when nothing is free is, or leads to, a cycle.
    var waiting = [UInt32](repeating: 0, count: n)
    var order: [TargetID] = []
    order.reserveCapacity(n)
    for i in 0..<n {
      waiting[i] = rows.start[i + 1] - rows.start[i]
      if waiting[i] == 0 { order.append(TargetID(i)) }
    }
    var next = 0
    while next < order.count {
      let done = Int(order[next].index)
      next += 1
      for at in Int(dependentStart[done])..<Int(dependentStart[done + 1]) {
        let dependent = Int(dependentEdges[at].index)
        waiting[dependent] -= 1
        if waiting[dependent] == 0 { order.append(TargetID(dependent)) }
      }
    }
    if order.count < n { throw cycle(rows, waiting) }
    return Graph(
      names: names, kinds: kinds, kindOf: kindOf, recipes: recipes, recipeOf: recipeOf,
      options: options, optionsOf: optionsOf, placeOf: placeOf, locations: locations,
      places: places, placePrefix: placePrefix, pools: pools, secrets: secrets, variables: variables,
      declaresAll: declaresAll, apartKinds: apartKinds, resultTargets: resultTargets, description: description,
      dependencyStart: rows.start, orderOnlyStart: rows.orderOnly, dependencyEdges: rows.edges,
      dependentStart: dependentStart, dependentEdges: dependentEdges, topologicalOrder: order)
  }

  private struct Rows {
    var start: [UInt32]
    var orderOnly: [UInt32]
    var edges: [TargetID]
  }

  /// Edges by owner, each dependency once: counting sort by owner, then a small sort a row.
  private func dependencyRows(_ n: Int) -> Rows {
    var first = [UInt32](repeating: 0, count: n + 1)
    for owner in edgeOwners { first[Int(owner) + 1] += 1 }
    for i in 0..<n { first[i + 1] += first[i] }
    var sorted = [UInt32](repeating: 0, count: edgeTargets.count)
    var fill = first
    for (owner, target) in zip(edgeOwners, edgeTargets) {
      sorted[Int(fill[Int(owner)])] = target
      fill[Int(owner)] += 1
    }
    var rows = Rows(start: [0], orderOnly: [], edges: [])
    rows.start.reserveCapacity(n + 1)
    rows.orderOnly.reserveCapacity(n)
    rows.edges.reserveCapacity(sorted.count)
    // The owner that last had this dependency as one that counts, or at all; plus one.
    var seen = [UInt32](repeating: 0, count: n)
    for owner in 0..<n {
      let row = sorted[Int(first[owner])..<Int(first[owner + 1])]
      let mark = UInt32(owner + 1)
      for target in row where target & Self.orderOnlyBit == 0 && seen[Int(target)] != mark {
        seen[Int(target)] = mark
        rows.edges.append(TargetID(Int(target)))
      }
      rows.orderOnly.append(UInt32(rows.edges.count))
      for target in row where target & Self.orderOnlyBit != 0 {
        let plain = target & ~Self.orderOnlyBit
        if seen[Int(plain)] != mark {
          seen[Int(plain)] = mark
          rows.edges.append(TargetID(Int(plain)))
        }
      }
      rows.start.append(UInt32(rows.edges.count))
    }
    return rows
  }

  /// Follows unfinished dependencies until a target comes again.
  private func cycle(_ rows: Rows, _ waiting: [UInt32]) -> Cycle {
    var at = waiting.firstIndex { $0 > 0 }!
    var path: [Int] = []
    var position: [Int: Int] = [:]
    while position[at] == nil {
      position[at] = path.count
      path.append(at)
      let row = rows.edges[Int(rows.start[at])..<Int(rows.start[at + 1])]
      at = Int(row.first { waiting[Int($0.index)] > 0 }!.index)
    }
    let loop = path[position[at]!...] + [at]
    return Cycle(names: loop.map { names[$0] }, locations: loop.dropLast().map { locations[$0] })
  }
}
