import ArgumentParser
import FoundationEssentials
import Glibc
import StackMake
import SystemPackage
import Targets

/// `stackmake init`
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a first Stackfile of what the cloud has.",
    discussion: """
      Asks the cloud for its images, flavors, networks, key pairs and zones, and writes a Stackfile with comments. On a \
      terminal it asks what to take; without one it takes what fits best. Never writes over a file. Exit status: \
      0 written; 2 there is a Stackfile already; 3 the cloud can't be asked.
      """)

  @OptionGroup var common: CommonOptions

  @Option(name: .long, help: ArgumentHelp("A cloud of clouds.yaml, or `local`.", valueName: "NAME"))
  var cloud: String?

  @Option(name: .long, help: ArgumentHelp("How many compute servers.", valueName: "N"))
  var computes: Int?

  @Option(name: .long, help: ArgumentHelp("A pack to include: devstack, openstack-debian.", valueName: "PACK"))
  var pack: String?

  @Flag(name: [.short, .long], help: "Ask nothing.")
  var yes = false

  func validate() throws {
    if let computes, !(0...10_000).contains(computes) { throw ValidationError("--computes takes a number from 0.") }
    if let pack, !StarterPack.names.contains(pack) {
      throw ValidationError("--pack takes \(StarterPack.names.joined(separator: " or ")).")
    }
  }

  mutating func run() async throws {
    let file = try Session.stackfile(common)
    try Self.refuse(file, shown: common.file ?? "Stackfile")
    let questions = Questions(isAsking: !yes && Terminal.isTerminal(0) && Terminal.isTerminal(2))
    let directory = file.removingLastComponent().lexicallyNormalized()
    let name = try self.cloud ?? questions.choose("cloud", among: ["local"] + names(directory), otherwise: "local")
    let chosen = try pack ?? questions.choose("pack", among: ["none"] + StarterPack.names, otherwise: "none")
    let pack = StarterPack(rawValue: chosen) ?? .plain
    let text = try await asked(name) { () async throws in
      let menu = try await menu(choice(name, directory))
      return try starter(name, menu, pack, questions)
    }
    try WholeFile.create(file, text.text)
    tell(text)
  }

  /// A file that is there stays.
  private static func refuse(_ file: FilePath, shown: String) throws {
    var status = stat()
    guard lstat(file.string, &status) == 0 else { return }
    Console.error(
      "stackmake: error: \(shown) is there already, and stays as it is\n"
        + "  hint: `stackmake init -f FILE` writes another one")
    throw ExitStatusError.wrongUse
  }

  private func choice(_ name: String, _ directory: FilePath) -> CloudChoice {
    let isVerbose = common.verbose
    return CloudChoice(
      name: name, mirror: nil, nameOrigin: .commandLine("--cloud"), environment: ProcessInfo.processInfo.environment,
      directory: directory,
      fileSystem: LocalFileSystem(directory: directory), note: { Console.error($0) },
      trace: { line in if isVerbose { Console.error(line) } })
  }

  /// Clouds that are written down; none where what is written is wrong: whoever names one is told.
  private func names(_ directory: FilePath) -> [String] {
    let environment = ProcessInfo.processInfo.environment
    let reader = CloudConfigReader(
      fileSystem: LocalFileSystem(directory: directory), environment: environment, directory: directory,
      home: Session.home(in: environment))
    return (try? reader.names()) ?? []
  }

  private func menu(_ choice: CloudChoice) async throws -> CloudMenu {
    if choice.isStatic {
      Console.error(
        "stackmake: error: `cloud = static` has nothing to choose from: its servers exist already\n"
          + "  hint: docs/static.md shows a Stackfile for them")
      throw ExitStatusError.wrongUse
    }
    if choice.isLocal { return try await LocalCloud(choice.localSettings).menu() }
    return try await choice.openStack(repeats: false).menu()
  }

  private func starter(
    _ cloud: String, _ menu: CloudMenu, _ pack: StarterPack, _ questions: Questions
  ) throws -> StarterText {
    var choice = try StarterChoice(menu, for: pack, computes: computes ?? 2)
    let image = try questions.choose("image", among: menu.images.map(\.name), otherwise: choice.image)
    if image != choice.image { try choice.take(image: image, menu, pack) }
    let flavor = try questions.choose("flavor", among: menu.flavors.map(\.name), otherwise: choice.flavor)
    if flavor != choice.flavor { choice.take(flavor: flavor) }
    if let network = choice.network {
      choice.network = try questions.choose("network", among: menu.networks, otherwise: network)
    }
    if computes == nil { choice.computes = try questions.count("computes", otherwise: choice.computes) }
    return StarterText(cloud: cloud, menu: menu, pack: pack, choice: choice)
  }

  /// What a cloud gave; or why it can't be asked, and status 3.
  private func asked<R>(_ cloud: String, _ body: () async throws -> R) async throws -> R {
    do {
      return try await body()
    } catch let error as CloudError {
      Console.error("stackmake: error: can't write a Stackfile for cloud `\(cloud)`: \(error)")
      if cloud != "local", error.hint == nil {
        Console.error("  hint: `stackmake doctor cloud=\(cloud)` tries each step to it")
      }
      throw ExitStatusError.failed
    }
  }

  private func tell(_ starter: StarterText) {
    if common.silent { return }
    var options = ""
    if let directory = common.directory { options += " -C \(directory)" }
    if let file = common.file { options += " -f \(file)" }
    let (choice, isLocal) = (starter.choice, starter.cloud == "local")
    Console.line(
      """
      stackmake: wrote \(common.file ?? "Stackfile"): \(Count(choice.computes + 1, "server")) of `\(choice.image)` \
      \(isLocal ? "on this host" : "in cloud `\(starter.cloud)`")
        stackmake\(options) -n       says what would be done, and why
        stackmake\(options)          does it
        stackmake\(options) clean    takes it down again
      """)
  }
}
