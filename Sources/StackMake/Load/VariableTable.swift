/// Global variables by name, with all that was said of each.
struct VariableTable {
  struct Definition: Hashable {
    var name: SourceRange
    var value: SourceRange
    var mode: TemplateReader.Mode
  }

  enum State {
    case unresolved
    /// nil: its error was reported.
    case resolved(Template?)
  }

  struct Variable {
    var name: String
    /// The last `=`.
    var set: Definition?
    /// The first `?=`.
    var suggested: Definition?
    var appended: [Definition] = []
    /// `NAME=VALUE` on the command line.
    var override: Definition?
    /// What the program itself says where no file does.
    var literal: String?
    var state = State.unresolved

    /// What the value is made of, in order.
    var definitions: [Definition] {
      if let override { return [override] }
      return (set ?? suggested).map { [$0] + appended } ?? appended
    }

    var range: SourceRange? { (override ?? set ?? suggested ?? appended.first)?.name }
  }

  private(set) var all: [Variable] = []
  private var numbers: [String: Int] = [:]

  func find(_ name: String) -> Int? { numbers[name] }
  var names: some Sequence<String> { all.lazy.map(\.name) }

  subscript(_ number: Int) -> Variable {
    get { all[number] }
    _modify { yield &all[number] }
  }

  private mutating func number(_ name: String) -> Int {
    if let known = numbers[name] { return known }
    numbers[name] = all.count
    all.append(Variable(name: name))
    return all.count - 1
  }

  mutating func define(_ definition: Definition, name: String, _ operation: Syntax.Operator) {
    let number = number(name)
    switch operation {
    case .set: all[number].set = definition
    case .suggest: all[number].suggested = all[number].suggested ?? definition
    case .append: all[number].appended.append(definition)
    }
  }

  mutating func define(literal: String, name: String) {
    all[number(name)].literal = literal
  }

  mutating func override(_ definition: Definition, name: String) {
    all[number(name)].override = definition
  }

  func isOverridden(_ name: String) -> Bool { numbers[name].map { all[$0].override != nil } ?? false }
}
