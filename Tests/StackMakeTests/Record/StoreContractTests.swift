import Support
import SystemPackage
import Testing

@testable import StackMake

@Suite struct StoreContractTests {
  @Test(arguments: StoreContract.cases)
  func inMemory(contract: StoreContract) throws {
    try contract.check(InMemoryStore())
  }

  @Test(arguments: StoreContract.cases)
  func sqlite(contract: StoreContract) throws {
    let scratch = try ScratchDirectory()
    try contract.check(try SQLiteStore(directory: scratch.path.appending(".stackmake")))
  }
}
