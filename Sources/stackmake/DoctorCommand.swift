import ArgumentParser
import FoundationEssentials
import StackMake
import SystemPackage
import Targets

/// `stackmake doctor`
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Where the cloud's configuration comes from, and whether each step to it works.",
    discussion: """
      Says which file or variable each value was written in, then tries in turn: the name, the connection, the login, \
      the catalog, the versions, the quota. Makes nothing. Works without a Stackfile, too: then the environment says \
      which cloud. Exit status: 0 all is well; 3 something isn't.
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: ArgumentHelp("NAME=VALUE sets a variable: `cloud=NAME`.", valueName: "name=value"))
  var words: [String] = []

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    if let goal = goals.first { throw ValidationError("doctor takes no target: `\(goal)`.") }
    let text = DoctorText(json: common.json)
    var choice = try choice(overrides)
    if overrides.contains(where: { $0.name == "cloud" }), let name = choice.name {
      choice.nameOrigin = .commandLine("cloud=\(name)")
    }
    let isWell = await DoctorRun(choice: choice, text: text).run()
    if !isWell { throw ExitStatusError.failed }
  }

  private func choice(_ overrides: [(name: String, value: String)]) throws -> CloudChoice {
    let isVerbose = common.verbose
    let trace = { @Sendable (line: String) in if isVerbose { Console.error(line) } }
    let file = try Session.stackfile(common)
    let directory = file.removingLastComponent().lexicallyNormalized()
    if common.file == nil, (try? LocalFileSystem(directory: directory).kind(of: file)) == nil {
      let variables = Dictionary(overrides.map { ($0.name, $0.value) }) { _, last in last }
      return CloudChoice(
        name: variables["cloud"], mirror: variables["mirror"], environment: ProcessInfo.processInfo.environment,
        directory: directory, fileSystem: LocalFileSystem(directory: directory), note: { Console.error($0) },
        trace: trace)
    }
    let session = try Session.open(common, overrides: overrides)
    return CloudChoice(session, note: { Console.error($0) }, trace: trace)
  }
}

/// Looks at one cloud, and says what it finds.
private struct DoctorRun {
  let choice: CloudChoice
  let text: DoctorText

  /// Whether all is well.
  func run() async -> Bool {
    if choice.isLocal { return await local() }
    return choice.isStatic ? servers() : await openStack()
  }

  /// Servers that exist already need no cloud.
  private func servers() -> Bool {
    text.tell([DoctorText.Setting(key: "cloud", value: "static", origin: choice.nameOrigin.description)])
    text.end("no cloud is asked: `stackmake image-validated` looks at the servers of the layout")
    return true
  }

  private func openStack() async -> Bool {
    let config: CloudConfig
    do throws(CloudConfigError) {
      config = try choice.configuration()
    } catch {
      text.tell(DoctorFinding(.configuration, error.cloudError))
      return false
    }
    text.tell(config.settings.map { DoctorText.Setting(key: $0.key, value: $0.shown, origin: $0.origin.description) })
    let doctor = CloudDoctor(
      config, http: choice.http(config), proxy: choice.httpSettings(config).proxy(for: config.authURL),
      now: Session.now)
    guard await doctor.examine({ text.tell($0) }) else { return false }
    text.end("cloud `\(config.name)` can be used")
    return true
  }

  private func local() async -> Bool {
    let settings = choice.localSettings
    func origin(_ variable: String) -> String {
      (choice.environment[variable] == nil ? ConfigOrigin.standard : .environment(variable)).description
    }
    var rows = [
      DoctorText.Setting(key: "cloud", value: "local", origin: choice.nameOrigin.description),
      DoctorText.Setting(key: "machines", value: settings.root.string, origin: origin("STACKMAKE_LOCAL_ROOT")),
      DoctorText.Setting(key: "images", value: settings.imageCache.string, origin: origin("STACKMAKE_LOCAL_IMAGES")),
    ]
    if let mirror = settings.mirror {
      rows.append(DoctorText.Setting(key: "mirror", value: mirror, origin: "`mirror` in the Stackfile"))
    }
    text.tell(rows)
    do throws(CloudError) {
      for finding in try await LocalCloud(settings).examine() { text.tell(finding) }
    } catch {
      text.tell(DoctorFinding(.host, error))
      return false
    }
    text.end("this host can be used as a cloud")
    return true
  }
}
