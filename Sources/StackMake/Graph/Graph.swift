/// Every target of a Stackfile with its dependencies, resolved and immutable.
///
/// Dense arrays indexed by `TargetID`; edges in compressed rows. Made by `GraphBuilder`,
/// which has checked that there is no cycle and that every name exists.
package struct Graph: Sendable {
  /// Why dependencies are asked for.
  package enum Purpose: Sendable {
    /// All that must be built first.
    case order
    /// Those whose outputs count: without the order-only ones.
    case staleness
  }

  package let names: NameTable
  /// The kind of each target: what is before the first `/` or the whole name, as the dialect says.
  package let kinds: [String]
  package let kindOf: [UInt16]
  /// Recipes that targets share; 0 is the empty one.
  package let recipes: [[Step]]
  package let recipeOf: [UInt32]
  package let options: [TargetOptions]
  package let optionsOf: [UInt32]
  /// The place that the last component of the target's name says, or its `on` variable; else nil.
  package let placeOf: [PlaceID?]
  package let locations: [SourceLocation]
  package let places: [Place]
  /// What the target that stands for a place is called before the place's name.
  package let placePrefix: String
  package let pools: [String: Int]
  package let secrets: [String]
  /// Global variables that are plain text, by name: what the kinds may ask for (`cloud`, `cluster`, …).
  package let variables: [String: String]
  /// Whether a rule says a target `all` of its own; without one it means everything.
  package let declaresAll: Bool
  /// Kinds whose targets no glob matches.
  package let apartKinds: Set<String>
  /// Targets of which another one uses what its recipe printed last (`{{ result TARGET }}`).
  package let resultTargets: Set<TargetID>
  /// The output of those that it stands for.
  package static let resultKey = "result"
  /// The variables of the target that describes what was built (`access`), in the order of the Stackfile.
  package let description: [(name: String, value: Template)]

  // Rows of edges: first the dependencies whose outputs count, then the order-only ones.
  let dependencyStart: [UInt32]
  let orderOnlyStart: [UInt32]
  let dependencyEdges: [TargetID]
  let dependentStart: [UInt32]
  let dependentEdges: [TargetID]
  /// Every target after all that it depends on.
  package let topologicalOrder: [TargetID]

  package var count: Int { recipeOf.count }
  package var targets: some Sequence<TargetID> { (0..<count).lazy.map { TargetID($0) } }

  package func name(_ target: TargetID) -> String { names[Int(target.index)] }
  package func target(named name: String) -> TargetID? { names.find(name).map { TargetID($0) } }
  package func kind(_ target: TargetID) -> String { kinds[Int(kindOf[Int(target.index)])] }
  package func isApart(_ target: TargetID) -> Bool { !apartKinds.isEmpty && apartKinds.contains(kind(target)) }
  package func recipe(_ target: TargetID) -> [Step] { recipes[Int(recipeOf[Int(target.index)])] }
  package func options(_ target: TargetID) -> TargetOptions { options[Int(optionsOf[Int(target.index)])] }
  package func place(_ target: TargetID) -> PlaceID? { placeOf[Int(target.index)] }
  package func location(_ target: TargetID) -> SourceLocation { locations[Int(target.index)] }

  /// The target that stands for a place.
  package func target(of place: PlaceID) -> TargetID? { target(named: placePrefix + self[place].name) }

  /// These targets and all that they depend on, each after its dependencies.
  package func closure(of goals: [TargetID]) -> [TargetID] {
    var isWanted = [Bool](repeating: false, count: count)
    var stack = goals
    for goal in goals { isWanted[Int(goal.index)] = true }
    while let target = stack.popLast() {
      for dependency in dependencies(target, for: .order) where !isWanted[Int(dependency.index)] {
        isWanted[Int(dependency.index)] = true
        stack.append(dependency)
      }
    }
    return topologicalOrder.filter { isWanted[Int($0.index)] }
  }

  package subscript(_ place: PlaceID) -> Place { places[Int(place.index)] }
  package func place(named name: String) -> PlaceID? {
    places.firstIndex { $0.name == name }.map { PlaceID($0) }
  }

  package func dependencies(_ target: TargetID, for purpose: Purpose) -> ArraySlice<TargetID> {
    let i = Int(target.index)
    let end = purpose == .order ? dependencyStart[i + 1] : orderOnlyStart[i]
    return dependencyEdges[Int(dependencyStart[i])..<Int(end)]
  }

  package func dependents(_ target: TargetID) -> ArraySlice<TargetID> {
    let i = Int(target.index)
    return dependentEdges[Int(dependentStart[i])..<Int(dependentStart[i + 1])]
  }
}
