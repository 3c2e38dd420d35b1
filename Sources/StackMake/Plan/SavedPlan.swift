import FoundationEssentials

/// A plan as it is kept in a file: what would be done, and a digest of each thing that says so.
package struct SavedPlan: Codable, Hashable, Sendable {
  /// Grows where a key gets another meaning.
  package static let version = 1

  package struct Variable: Codable, Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) { (self.name, self.value) = (name, value) }
  }

  /// A file that the graph was made of.
  package struct Source: Codable, Hashable, Sendable {
    package var path: String
    package var digest: String

    package init(path: String, digest: Fingerprint) { (self.path, self.digest) = (path, digest.hexadecimal) }
  }

  /// A line of a target's manifest.
  package struct Input: Codable, Hashable, Sendable {
    package var key: String
    package var digest: String
    /// The text itself, where it is short.
    package var value: String?
  }

  package struct Step: Codable, Hashable, Sendable {
    /// From 1 in the recipe; nil for something that the kind does.
    package var number: Int?
    package var text: String
    package var places: [String]
  }

  /// What was on record of a target.
  package struct Recorded: Codable, Hashable, Sendable {
    /// The run that built it.
    package var run: Int64?
    package var failedRun: Int64?
    package var digest: String

    enum CodingKeys: String, CodingKey {
      case run, digest
      case failedRun = "failed-run"
    }
  }

  package struct Target: Codable, Hashable, Sendable {
    package var target: String
    package var kind: String
    /// `fresh`, `stale`, `locked` or `unknown`.
    package var state: String
    /// Clauses for people.
    package var reasons: [String]
    package var steps: [Step]
    /// Why it is locked.
    package var error: String?
    package var fingerprint: String
    package var inputs: [Input]
    package var recorded: Recorded?
    /// What its kind saw; nil: nothing is there, or there is nothing to look at.
    package var seen: [String: String]?
  }

  package var version: Int
  package var type: String
  /// The version of stackmake.
  package var program: String
  /// The cluster's id; nil where none was made yet.
  package var cluster: String?
  /// Seconds since 1970.
  package var madeAt: Double
  package var goals: [String]
  package var variables: [Variable]
  /// Whether the goals were to be built in any case.
  package var isForced: Bool
  package var sources: [Source]
  package var targets: [Target]

  enum CodingKeys: String, CodingKey {
    case version, type, program, cluster, goals, variables, sources, targets
    case madeAt = "made-at"
    case isForced = "always-make"
  }

  /// - Parameter redact: takes secrets out of what people read.
  package init(
    program: String, cluster: String?, madeAt: Double, goals: [String], variables: [Variable], isForced: Bool,
    sources: [Source], _ plan: [PlannedTarget], _ assessor: Assessor, redact: (String) -> String
  ) {
    (version, type) = (Self.version, "saved-plan")
    (self.program, self.cluster, self.madeAt) = (program, cluster, madeAt)
    (self.goals, self.variables, self.isForced, self.sources) = (goals, variables, isForced, sources)
    let manifests = assessor.manifests(plan.map(\.target))
    targets = plan.map { Target($0, manifests[$0.target]!, assessor, redact) }
  }

  /// Names of the targets that are to be built.
  package var builds: Set<String> { Set(targets.lazy.filter { $0.state == "stale" }.map(\.target)) }

  /// One object with a line for each key.
  package var json: String { JSONText.encoded(self, isPretty: true) + "\n" }

  /// Nil where the bytes are no plan that this version knows.
  package init?(json bytes: [UInt8]) {
    guard let plan = try? JSONDecoder().decode(SavedPlan.self, from: Data(bytes)), plan.version == Self.version,
      plan.type == "saved-plan"
    else { return nil }
    self = plan
  }
}

extension SavedPlan.Target {
  /// More than that isn't kept as text.
  private static let longestValue = 120

  fileprivate init(
    _ planned: PlannedTarget, _ manifest: Manifest, _ assessor: Assessor, _ redact: (String) -> String
  ) {
    let graph = assessor.graph
    target = graph.name(planned.target)
    kind = graph.kind(planned.target)
    state = planned.state.word
    reasons = planned.reasons.map { redact(ReasonText.text($0)) }
    steps = planned.steps.map { SavedPlan.Step(number: $0.number, text: redact($0.text), places: $0.places) }
    if case .locked(let lock) = planned.state { error = redact(lock.cause) }
    fingerprint = manifest.fingerprint.hexadecimal
    inputs = manifest.entries.map { entry in
      let isShort = entry.value.utf8.count <= Self.longestValue && !entry.value.contains(where: \.isNewline)
      return SavedPlan.Input(
        key: entry.key, digest: Fingerprint(of: entry.value).hexadecimal, value: isShort ? redact(entry.value) : nil)
    }
    recorded = SavedPlan.Recorded(
      assessor.traces[target], assessor.failures[target], assessor.progress[target] ?? [])
    seen = assessor.observations.observation(of: planned.target).map { observation in
      var values = observation.values
      if let problem = observation.problem { values["problem"] = problem }
      return values
    }
  }
}

extension SavedPlan.Recorded {
  fileprivate init?(_ trace: Trace?, _ failure: Failure?, _ progress: [StepRecord]) {
    if trace == nil, failure == nil, progress.isEmpty { return nil }
    run = trace?.run
    failedRun = failure?.run
    var lines: [ManifestEntry] = []
    if let trace {
      lines = trace.manifest + trace.outputs.sorted { $0.key < $1.key }.map { ManifestEntry($0.key, $0.value) }
    }
    lines += progress.sorted { $0.number < $1.number }.map {
      ManifestEntry("\($0.number) \($0.state.rawValue) \($0.generation)", $0.fingerprint.hexadecimal)
    }
    digest = Manifest(entries: lines).fingerprint.hexadecimal
  }
}

extension PlannedTarget.State {
  /// As `status` and `--json` say it.
  package var word: String {
    switch self {
    case .fresh: "fresh"
    case .stale: "stale"
    case .locked: "locked"
    case .blocked: "unknown"
    }
  }
}
