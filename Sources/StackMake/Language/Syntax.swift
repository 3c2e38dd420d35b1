/// The syntax tree of one Stackfile: statements in their order, words as ranges of its bytes.
///
/// Recipes are kept as ranges of lines, and are read by `RecipeParser` when they are needed.
struct Syntax: Sendable {
  /// Bytes from `start` to before `end` in this tree's file.
  struct Word: Hashable, Sendable {
    var start: UInt32
    var end: UInt32
    var bounds: Range<Int> { Int(start)..<Int(end) }
  }

  enum Operator: Hashable, Sendable {
    /// `=`
    case set
    /// `?=`
    case suggest
    /// `+=`
    case append
  }

  struct Assignment: Sendable {
    var name: Word
    var operation: Operator
    var value: Word
  }

  /// `TARGET … : name = value`
  struct TargetVariable: Sendable {
    /// In `words`.
    var targets: Range<UInt32>
    var assignment: Assignment
  }

  struct Include: Sendable {
    var path: Word
    /// `include?`: nothing there is fine.
    var isOptional: Bool
    /// `<NAME>`; `path` is then the name.
    var isPack: Bool
  }

  struct Pool: Sendable {
    var name: Word
    var size: Word
  }

  struct Rule: Sendable {
    // Consecutive in `words`: targets, then dependencies, then order-only ones.
    var firstWord: UInt32
    var targetCount: UInt32
    var dependencyCount: UInt32
    var orderOnlyCount: UInt32
    /// `+:`
    var isAppending: Bool
    /// The line of the first target, from 0.
    var line: UInt32
    /// Lines of the recipe, from 0.
    var recipe: Range<UInt32>

    var targets: Range<Int> { Int(firstWord)..<Int(firstWord + targetCount) }
    var dependencies: Range<Int> {
      Int(firstWord + targetCount)..<Int(firstWord + targetCount + dependencyCount)
    }
    var orderOnly: Range<Int> {
      let start = Int(firstWord + targetCount + dependencyCount)
      return start..<start + Int(orderOnlyCount)
    }
  }

  /// A statement: a number in the array of its sort.
  enum Statement: Hashable, Sendable {
    case assignment(UInt32)
    case targetVariable(UInt32)
    case secret(Word)
    case include(UInt32)
    case pool(UInt32)
    case rule(UInt32)
  }

  let file: UInt32
  var statements: [Statement] = []
  var words: [Word] = []
  var assignments: [Assignment] = []
  var targetVariables: [TargetVariable] = []
  var includes: [Include] = []
  var pools: [Pool] = []
  var rules: [Rule] = []
  /// Words of statements that couldn't be read: names that mustn't be called unknown later.
  var broken: [Word] = []

  init(file: UInt32) { self.file = file }

  func range(_ word: Word) -> SourceRange { SourceRange(file: file, start: Int(word.start), end: Int(word.end)) }
}
