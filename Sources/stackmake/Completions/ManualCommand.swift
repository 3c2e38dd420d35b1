import ArgumentParser

/// `stackmake __manual PAGE`: a manual page, for `make install`.
struct ManualCommand: ParsableCommand {
  enum Page: String, ExpressibleByArgument, CaseIterable, Sendable {
    case stackmake = "stackmake.1"
    case stackfile = "Stackfile.5"
  }

  static let configuration = CommandConfiguration(
    commandName: "__manual", abstract: "Print a manual page.", shouldDisplay: false)

  @Argument(help: "The page.")
  var page: Page

  func run() throws {
    let text = EmbeddedFile.text(page.rawValue, in: "man")
    switch page {
    case .stackmake:
      Console.write(ManualPage(table: try CommandTable.own(), template: text).text, to: .standardOutput)
    case .stackfile: Console.write(text, to: .standardOutput)
    }
  }
}
