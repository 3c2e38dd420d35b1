/// Where the boxes of a directed graph without cycles stand, and how its lines go.
///
/// In columns, from left to right: a box stands right of all that it depends on, by the longest way. A line that spans
/// several columns has a bend in each of those between, which takes part in the order as a box does. Columns are
/// ordered by barycenters, and heights are chosen so that lines are as flat as the order allows. All is deterministic.
package struct LayeredLayout: Sendable, Hashable {
  package struct Box: Sendable, Hashable {
    package var x: Int
    package var y: Int
    package var width: Int
  }
  package struct Point: Sendable, Hashable {
    package var x: Int
    package var y: Int
  }

  package static let boxHeight = 24
  private static let rowGap = 12
  private static let bendGap = 10
  private static let columnGap = 56

  package private(set) var boxes: [Box]
  /// For each edge its points, from the right side of one box to the left side of another.
  package private(set) var lines: [[Point]]
  package private(set) var width = 0
  package private(set) var height = 0

  /// - Parameters:
  ///   - widths: of the boxes.
  ///   - edges: from lower to higher numbers only.
  package init(widths: [Int], edges: [(from: Int, to: Int)]) {
    var columns = Columns(count: widths.count, edges: edges)
    columns.order()
    let rows = columns.rows(height: { $0 < widths.count ? Self.boxHeight + Self.rowGap : Self.bendGap })
    var starts: [Int] = []
    var x = 0
    for column in columns.columns {
      starts.append(x)
      x += (column.filter { $0 < widths.count }.map { widths[$0] }.max() ?? 0) + Self.columnGap
    }
    width = max(0, x - Self.columnGap)
    let top = rows.min() ?? 0
    boxes = widths.indices.map {
      Box(x: starts[columns.layer[$0]], y: Int((rows[$0] - top).rounded()), width: widths[$0])
    }
    height = (boxes.map(\.y).max() ?? 0) + (boxes.isEmpty ? 0 : Self.boxHeight)
    let half = Self.boxHeight / 2
    lines = columns.chains.map { chain in
      var points: [Point] = []
      for (place, node) in chain.enumerated() {
        let y = Int((rows[node] - top).rounded()) + half
        let start = starts[columns.layer[node]]
        let wide = (columns.columns[columns.layer[node]].filter { $0 < widths.count }.map { widths[$0] }.max() ?? 0)
        switch place {
        case 0:
          points.append(Point(x: start + widths[node], y: y))
          // Past the widest box of its column before it may turn.
          if widths[node] < wide { points.append(Point(x: start + wide, y: y)) }
        case chain.count - 1: points.append(Point(x: start, y: y))
        default:
          points.append(Point(x: start, y: y))
          if wide > 0 { points.append(Point(x: start + wide, y: y)) }
        }
      }
      return points
    }
    let low = lines.joined().map(\.y).max() ?? 0
    height = max(height, low + half)
  }
}

/// The columns with their boxes and bends, which are numbered after the boxes.
private struct Columns {
  private(set) var layer: [Int]
  private(set) var columns: [[Int]] = []
  /// For each edge its box, its bends, its box.
  private(set) var chains: [[Int]] = []
  private var left: [[Int]]
  private var right: [[Int]]

  init(count: Int, edges: [(from: Int, to: Int)]) {
    layer = [Int](repeating: 0, count: count)
    for edge in edges.sorted(by: { ($0.to, $0.from) < ($1.to, $1.from) }) {
      layer[edge.to] = max(layer[edge.to], layer[edge.from] + 1)
    }
    left = Array(repeating: [], count: count)
    right = Array(repeating: [], count: count)
    columns = Array(repeating: [], count: (layer.max() ?? -1) + 1)
    for node in 0..<count { columns[layer[node]].append(node) }
    for edge in edges {
      var chain = [edge.from]
      for column in (layer[edge.from] + 1)..<max(layer[edge.from] + 1, layer[edge.to]) {
        let bend = layer.count
        layer.append(column)
        left.append([])
        right.append([])
        columns[column].append(bend)
        chain.append(bend)
      }
      chain.append(edge.to)
      for (a, b) in zip(chain, chain.dropFirst()) {
        right[a].append(b)
        left[b].append(a)
      }
      chains.append(chain)
    }
  }

  /// Sweeps to and fro; the order with the fewest crossings stays.
  mutating func order() {
    var best = columns
    var fewest = crossings()
    for sweep in 0..<12 where fewest > 0 {
      let isForward = sweep % 2 == 0
      for column in isForward ? Array(columns.indices.dropFirst()) : columns.indices.dropLast().reversed() {
        let beside = columns[isForward ? column - 1 : column + 1]
        let place = Dictionary(uniqueKeysWithValues: beside.enumerated().map { ($1, Double($0)) })
        let keyed = columns[column].enumerated().map { number, node -> (key: Double, number: Int, node: Int) in
          let near = (isForward ? left : right)[node].compactMap { place[$0] }
          return (
            key: near.isEmpty ? Double(number) : near.reduce(0, +) / Double(near.count), number: number, node: node
          )
        }
        columns[column] = keyed.sorted { ($0.key, $0.number) < ($1.key, $1.number) }.map(\.node)
      }
      let found = crossings()
      if found < fewest { (best, fewest) = (columns, found) }
    }
    columns = best
  }

  private func crossings() -> Int {
    var count = 0
    for (column, next) in zip(columns, columns.dropFirst()) {
      let place = Dictionary(uniqueKeysWithValues: next.enumerated().map { ($1, $0) })
      // Ends in the order of beginnings: each pair the wrong way round crosses. Counted by a tree of sums.
      var sums = [Int](repeating: 0, count: next.count + 1)
      var seen = 0
      for node in column {
        let ends = right[node].compactMap { place[$0] }
        for end in ends {
          var i = end + 1
          var notAfter = 0
          while i > 0 {
            notAfter += sums[i]
            i -= i & -i
          }
          count += seen - notAfter
        }
        for end in ends {
          var i = end + 1
          while i < sums.count {
            sums[i] += 1
            i += i & -i
          }
          seen += 1
        }
      }
    }
    return count
  }

  /// The height of each box and bend: near the mean of its neighbours, none closer than `height` says.
  func rows(height: (Int) -> Int) -> [Double] {
    var rows = [Double](repeating: 0, count: layer.count)
    for column in columns { place(column, wishes: column.map { _ in 0 }, height, &rows) }
    for round in 0..<8 {
      let isForward = round % 2 == 0
      for column in isForward ? Array(columns.indices) : columns.indices.reversed() {
        let wishes = columns[column].map { node in
          let near = isForward ? left[node] : right[node]
          return near.isEmpty ? rows[node] : near.reduce(0) { $0 + rows[$1] } / Double(near.count)
        }
        place(columns[column], wishes: wishes, height, &rows)
      }
    }
    return rows
  }

  /// The heights nearest to what each wishes for, by least squares, in the column's order: neighbours that would come
  /// too close share the mean of their wishes.
  private func place(_ column: [Int], wishes: [Double], _ height: (Int) -> Int, _ rows: inout [Double]) {
    var offsets: [Double] = []
    var offset = 0.0
    for (number, node) in column.enumerated() {
      if number > 0 { offset += Double(height(column[number - 1]) + height(node)) / 2 }
      offsets.append(offset)
    }
    var blocks: [(sum: Double, count: Int)] = []
    for number in column.indices {
      blocks.append((wishes[number] - offsets[number], 1))
      while blocks.count > 1 {
        let (last, before) = (blocks[blocks.count - 1], blocks[blocks.count - 2])
        guard last.sum / Double(last.count) < before.sum / Double(before.count) else { break }
        blocks.removeLast(2)
        blocks.append((last.sum + before.sum, last.count + before.count))
      }
    }
    var number = 0
    for block in blocks {
      for _ in 0..<block.count {
        rows[column[number]] = block.sum / Double(block.count) + offsets[number]
        number += 1
      }
    }
  }
}
