import ArgumentParser
import Glibc
import StackMake
import SystemPackage

/// `stackmake report FILE.html [GOAL…]`
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "One self-contained page: the graph, the time line of each run, logs, reasons, requests.")

  @OptionGroup var common: CommonOptions

  @Argument(help: ArgumentHelp("Where to write the page; then targets or globs, and NAME=VALUE.", valueName: "page"))
  var words: [String]

  /// Of a log its end, and of all logs no more than this.
  private static let longestLog = 24 << 10
  private static let mostOfLogs = 12 << 20

  mutating func run() async throws {
    let (goals, overrides) = CommandWords.split(words)
    guard let file = goals.first else {
      Console.error("stackmake: error: `report` takes the name of a file to write")
      throw ExitStatusError.wrongUse
    }
    let session = try Session.open(common, overrides: overrides)
    let targets = try session.targets(Array(goals.dropFirst()))
    let standing = try await Standing(session, targets)
    let graph = session.graph
    let rows = standing.rows(graph)
    var logs = 0
    let data = ReportData(
      cluster: graph.variables["cluster"] ?? "cluster", madeAt: Session.now(),
      view: GraphView(graph, rows.map(\.target), nodes: rows.map(\.node)),
      servers: rows.map { graph.place($0.target).map { graph[$0].name } },
      runs: try session.recorded { () throws(StoreError) in try Self.runs(standing.store, graph) },
      log: { name in
        guard logs < Self.mostOfLogs, let text = Self.end(of: session.logs.path(of: name)) else { return nil }
        logs += text.utf8.count
        return text
      })
    let text = Self.page.text(data, redactor: standing.redactor)
    try WholeFile.replace(FilePath(file), text)
    if !session.options.silent { Console.error("stackmake: \(file): \(Count(rows.count, "target"))") }
  }

  /// Those in which anything was done, newest first.
  private static func runs(_ store: any Store, _ graph: Graph) throws(StoreError) -> [ReportData.RunRow] {
    let known = Dictionary(try store.runs(limit: 1000).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var rows: [ReportData.RunRow] = []
    for id in try store.runsWithTurns() {
      guard let run = known[id] else { continue }
      rows.append(
        ReportData.RunRow(run, turns: try store.turns(of: id), requests: try store.requests(of: id)) { name in
          graph.target(named: name).map { graph.dependencies($0, for: .order).map { graph.name($0) } } ?? []
        })
    }
    return rows
  }

  /// Nil where there is no log, or none that can be read.
  private static func end(of path: FilePath?) -> String? {
    guard let path else { return nil }
    let file = open(path.string, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let size = lseek(file, 0, SEEK_END)
    let start = max(0, Int(size) - longestLog)
    var bytes = [UInt8](repeating: 0, count: longestLog)
    let count = pread(file, &bytes, bytes.count, start)
    guard count >= 0 else { return nil }
    // A line that was cut in two may hold half of what is to be hidden: it goes.
    var text = bytes[..<count]
    if start > 0 { text = text[(text.firstIndex(of: 10) ?? text.startIndex)...].dropFirst() }
    return (start > 0 ? "…\n" : "") + DisplayText.lines(String(decoding: text, as: UTF8.self))
  }

  private static let page: ReportPage = {
    func text(_ name: String) -> String { EmbeddedFile.text(name, in: "report") }
    return ReportPage(page: text("report.html"), style: text("report.css"), script: text("report.js"))
  }()
}

extension DisplayText {
  /// Each line without escape sequences and control characters.
  fileprivate static func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { clean(String($0)) }.joined(separator: "\n")
  }
}
