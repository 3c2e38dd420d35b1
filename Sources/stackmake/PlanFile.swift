import Glibc
import StackMake
import SystemPackage
import Targets

/// A plan in a file: made of what is there, and held against it later.
struct PlanFile {
  /// What `stackmake plan --save` was asked.
  struct Question {
    var goals: [String]
    var overrides: [(name: String, value: String)]
    var isForced: Bool
  }

  let path: String
  let plan: SavedPlan

  var question: Question {
    Question(
      goals: plan.goals, overrides: plan.variables.map { (name: $0.name, value: $0.value) }, isForced: plan.isForced)
  }

  /// Says what is wrong with the file, and ends with status 2.
  init(reading path: String) throws {
    self.path = path
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try LocalFileSystem(directory: Self.here()).read(FilePath(path))
    } catch {
      Console.error("stackmake: error: can't read \(error)")
      throw ExitStatusError.wrongUse
    }
    guard let plan = SavedPlan(json: bytes) else {
      Console.error(
        "stackmake: error: \(path) is no plan of this version\n  hint: `stackmake plan --save FILE` makes one")
      throw ExitStatusError.wrongUse
    }
    self.plan = plan
  }

  private static func here() -> FilePath {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return FilePath(String(cString: path))
  }

  /// The plan as it would be kept now.
  static func capture(_ session: Session, _ standing: Standing, _ question: Question) throws -> SavedPlan {
    let cluster = try session.recorded { () throws(StoreError) in
      try standing.store.registers(prefix: Cluster.idRegister)[Cluster.idRegister]
    }
    return SavedPlan(
      program: Stackmake.version, cluster: cluster, madeAt: session.start, goals: question.goals,
      variables: question.overrides.map { SavedPlan.Variable(name: $0.name, value: $0.value) },
      isForced: question.isForced, sources: session.sources, standing.plan, standing.assessor,
      redact: { standing.redactor.redact($0) })
  }

  /// Names all that moved since, and ends with status 6; or gives the targets that are to be built. Changes nothing.
  func check(_ session: Session, _ targets: [TargetID]) async throws -> (builds: Set<TargetID>, now: Standing) {
    let standing = try await Standing(session, targets, forced: question.isForced ? Set(targets) : [])
    let now = try Self.capture(session, standing, question)
    let moved = plan.moved(to: now)
    guard moved.isEmpty else {
      let most = 20
      var lines = moved.prefix(most).map { "  " + standing.redactor.redact($0.description) }
      if moved.count > most { lines.append("  and \(moved.count - most) more") }
      let words = (plan.goals + plan.variables.map { "\($0.name)=\($0.value)" })
        .map { " \(ShellCommand.quoted($0))" }.joined()
      Console.error(
        "stackmake: error: \(path) no longer holds, and nothing was done:\n" + lines.joined(separator: "\n")
          + "\n  hint: `stackmake plan --save \(ShellCommand.quoted("\(path)"))\(plan.isForced ? " -B" : "")\(words)` makes a new one"
      )
      throw ExitStatusError.moved
    }
    let names = plan.builds
    return (Set(standing.plan.map(\.target).filter { names.contains(session.graph.name($0)) }), standing)
  }
}
