/// Targets that exist, by number, and the rules that name or match them.
struct TargetTable {
  var names = NameTable()
  /// Where each is declared.
  var ranges: [SourceRange] = []
  /// Explicit mentions in rules that don't append: a chain through `links` for each target; 0 ends it.
  var firstLink: [UInt32] = []
  var links: [Link] = [Link(rule: 0, word: 0, next: 0)]
  /// By rule: the target of a rule that has one, and that isn't a pattern; else `max`.
  var only: [UInt32] = []
  var patterns: [Pattern] = []
  /// Explicit mentions in rules that append, and by target-specific variables.
  var appending: [Int: [Int]] = [:]
  var variables: [Int: [Int]] = [:]
  /// Whether any rule has `all`.
  var declaresAll = false

  struct Link {
    var rule: UInt32
    /// In the words of the rule's tree.
    var word: UInt32
    var next: UInt32
  }

  /// `prefix%suffix`
  struct Pattern {
    enum Owner {
      case rule(Int)
      case variable(Int)
    }

    var prefix: [UInt8]
    var suffix: [UInt8]
    var owner: Owner
    var range: SourceRange

    /// What `%` matches in `name`: not empty, and within one component.
    func stem(_ name: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
      let end = name.count - suffix.count
      guard end > prefix.count, name.starts(with: prefix), name[end...].elementsEqual(suffix) else { return nil }
      for i in prefix.count..<end where name[i] == Byte.slash { return nil }
      return prefix.count..<end
    }
  }

  mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ range: SourceRange) -> Int {
    let number = names.intern(name)
    if number == ranges.count {
      ranges.append(range)
      firstLink.append(0)
    }
    return number
  }

  mutating func add(_ name: String, _ range: SourceRange) -> Int {
    var name = name
    return name.withUTF8 { add($0, range) }
  }

  /// The target's explicit mentions, in the order of reading.
  func explicitRules(of target: Int) -> [Link] {
    var result: [Link] = []
    var at = firstLink[target]
    while at != 0 {
      result.append(links[Int(at)])
      at = links[Int(at)].next
    }
    return result.reversed()
  }
}
