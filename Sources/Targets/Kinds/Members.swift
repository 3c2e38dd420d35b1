import StackMake
import Synchronization

/// The servers that a target which spans several of them works on, in the order of the layout.
package struct Members: Sendable {
  struct Member: Sendable, Hashable {
    var name: String
    var outputs: ServerOutputs
    /// The one who logs in.
    var user: String { outputs.user }
  }

  let all: [Member]
  private let shells: any ShellProvider
  private let reporter: any Reporter
  /// For messages: the target.
  private let target: String

  /// - Parameters:
  ///   - globs: of server names; a server that none matches is left out.
  ///   - outputs: what is on record of a target. A server of which nothing is isn't there.
  init(
    of target: String, in graph: Graph, globs: [String] = ["*"], shells: any ShellProvider, reporter: any Reporter,
    outputs: (TargetID) -> [String: String]?
  ) {
    self.target = target
    self.shells = shells
    self.reporter = reporter
    all = graph.places.compactMap { place in
      guard globs.contains(where: { Glob.matches($0, place.name) }),
        let server = graph.target(named: graph.placePrefix + place.name), let values = outputs(server),
        let outputs = ServerOutputs(values)
      else { return nil }
      return Member(name: place.name, outputs: outputs)
    }
  }

  /// How many are spoken to at once.
  private static let atOnce = 64

  /// Runs a script of our own on each, in parallel, and gives what each printed. All are tried; the failures name
  /// their servers.
  ///
  /// - Parameter isQuiet: keeps what they print out of the target's log.
  @discardableResult
  func run(
    _ operation: String, isQuiet: Bool = false, _ script: @escaping @Sendable (Member) -> String
  ) async throws(StepError) -> [String: String] {
    var results: [String: String] = [:]
    var failures: [StepError] = []
    await withTaskGroup(of: (String, Result<String, StepError>).self) { group in
      var left = all[...]
      func start() {
        guard let member = left.popFirst() else { return }
        group.addTask { (member.name, await one(member, operation, script(member), isQuiet: isQuiet)) }
      }
      for _ in 0..<Self.atOnce { start() }
      while let (name, result) = await group.next() {
        switch result {
        case .success(let text): results[name] = text
        case .failure(let error): failures.append(error)
        }
        start()
      }
    }
    if let failure = StepError.joined(failures, of: all.count, "servers") { throw failure }
    return results
  }

  private func one(
    _ member: Member, _ operation: String, _ script: String, isQuiet: Bool
  ) async -> Result<String, StepError> {
    let subject = "\(target) on \(member.name)"
    let output = CapturedOutput()
    let lines = Mutex(LineSplitter())
    @Sendable func say(_ new: [String]) {
      for line in new where !isQuiet { reporter.report(.output(target: target, place: member.name, line: line)) }
    }
    do throws(ShellError) {
      let site = StepSite(name: member.name, outputs: member.outputs.values, user: member.user)
      let status = try await shells.shell(at: site).run(script, timeout: .seconds(300)) { stream, bytes in
        output.handler(stream, bytes)
        say(lines.withLock { $0.feed(bytes) })
      }
      say(lines.withLock { $0.finish() }.map { [$0] } ?? [])
      guard status.isSuccess else {
        let said = output.lastErrorLines
        return .failure(
          StepError(
            operation: operation, subject: subject, cause: "\(status)\(said.isEmpty ? "" : ": ")\(said)",
            hint: "`stackmake log \(target)` shows all of its output"))
      }
      return .success(output.standardOutput)
    } catch {
      return .failure(
        StepError(
          error.code == .interrupted ? .interrupted : .failed, operation: operation, subject: subject,
          cause: "\(error.operation): \(error.cause)", hint: error.hint))
    }
  }
}
