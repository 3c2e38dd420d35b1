/// Where a text is resolved: what `{{ stem }}`, `{{ ip }}` and the like refer to.
struct Scope {
  enum Context {
    /// The recipe, options or variables of one target.
    case target
    /// Something that is settled before there are places or targets: `the layout`.
    case settled(String)
    /// Only to find errors: what depends on a target is taken as empty.
    case check
  }

  /// A target-specific variable that holds for the target.
  struct Specific {
    var name: String
    var operation: Syntax.Operator
    var definition: VariableTable.Definition
    /// What `%` matched where a pattern said it.
    var stem: String?
    var rank: Rank
  }

  /// Whose word counts: an explicit name over a pattern, a shorter stem over a longer, a user's file over a pack's.
  struct Rank: Comparable {
    /// 0 for an explicit name.
    var stemLength: Int
    var isPack: Bool

    /// Whether `a` goes behind `b`.
    static func < (a: Rank, b: Rank) -> Bool {
      a.stemLength != b.stemLength ? a.stemLength > b.stemLength : a.isPack && !b.isPack
    }
  }

  /// A variable whose value is being made.
  enum Frame: Hashable {
    case global(String)
    case specific(String)

    var name: String {
      switch self {
      case .global(let name), .specific(let name): name
      }
    }
  }

  var context: Context
  /// The name of the target, for messages and for `{{ target }}`.
  var target = ""
  var stem: String?
  /// The place that the target runs at.
  var place: Int?
  var specifics: [Specific] = []
  /// Set where anything was used that differs from target to target.
  var dependsOnTarget = false
  var stack: [Frame] = []
  /// Values of global variables that depend on this target.
  var values: [Int: Template?] = [:]

  init(_ context: Context) {
    self.context = context
  }
}
