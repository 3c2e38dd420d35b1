/// A machine that the layout declares: where steps run.
package struct Place: Hashable, Sendable {
  /// The name in the layout: the group's, or `group-index`.
  package var name: String
  package var group: String
  /// From 1 in a group with `count=`; nil in a group of one.
  package var index: Int?
  /// Settings after defaults were applied, by name; `meta.KEY` under that name.
  package var settings: [String: String]
  package var location: SourceLocation

  package init(name: String, group: String, index: Int?, settings: [String: String], location: SourceLocation) {
    self.name = name
    self.group = group
    self.index = index
    self.settings = settings
    self.location = location
  }
}
