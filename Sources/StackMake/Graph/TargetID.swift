/// The number of a target in its graph: an index into the graph's dense arrays.
package struct TargetID: Hashable, Comparable, Sendable {
  package let index: UInt32

  package init(_ index: Int) {
    self.index = UInt32(index)
  }

  package static func < (a: TargetID, b: TargetID) -> Bool { a.index < b.index }
}

/// The number of a place (a machine that the Stackfile's layout declares) in its graph.
package struct PlaceID: Hashable, Comparable, Sendable {
  package let index: UInt32

  package init(_ index: Int) {
    self.index = UInt32(index)
  }

  package static func < (a: PlaceID, b: PlaceID) -> Bool { a.index < b.index }
}
