import ArgumentParser
import StackMake
import Targets

@main
struct Main: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "stackmake")
  mutating func run() async throws {}
}
