import StackMake
import Testing

@Suite struct NameTableTests {
  @Test func numbersAreDenseAndStable() {
    var table = NameTable(capacity: 1)
    let names = (0..<5000).map { "name/\($0)" } + ["", "é", "a", "aa", "name/1 ", "NAME/1"]
    for (number, name) in names.enumerated() { #expect(table.intern(name) == number) }
    for (number, name) in names.enumerated() {
      #expect(table.intern(name) == number)
      #expect(table.find(name) == number)
      #expect(table[number] == name)
    }
    #expect(table.count == names.count)
    #expect(table.find("name/5000") == nil)
  }

  @Test func bytesAreTheName() {
    var table = NameTable()
    _ = table.intern("first")
    let number = table.intern("zweite")
    #expect(table.withBytes(number) { Array($0) } == Array("zweite".utf8))
  }
}
