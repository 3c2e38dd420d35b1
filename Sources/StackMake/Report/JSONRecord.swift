/// A line of `--json`: one object, its keys sorted. docs/json.md is the contract: keys are added, never renamed or removed,
/// without a new `version`.
package protocol JSONRecord: Encodable, Sendable {}

/// The version of all lines.
package let jsonVersion = 1

extension JSONRecord {
  /// The object on one line, with its newline.
  package var line: String { JSONText.encoded(self) + "\n" }
}

/// Why a target is stale: `what` is the case, `text` the clause that people read.
package struct JSONReason: JSONRecord, Hashable {
  package var what: String
  package var key: String?
  package var old: String?
  package var new: String?
  package var text: String
  /// In `why`: what changed down to the byte, a line each.
  package var detail: [String]?

  package init(_ reason: StaleReason) {
    text = ReasonText.text(reason)
    switch reason {
    case .neverBuilt: what = "never-built"
    case .changed(let key, let old, let new): (what, self.key, self.old, self.new) = ("changed", key, old, new)
    case .drift(let key, let old, let new): (what, self.key, self.old, self.new) = ("drift", key, old, new)
    case .unfinished(let step): (what, key) = ("unfinished", "step \(step + 1)")
    case .running(let step): (what, key) = ("running", "step \(step + 1)")
    case .failedBefore(let message): (what, old) = ("failed-before", message)
    case .forced: what = "forced"
    case .forcedAfterOnce(let step): (what, key) = ("forced", "step \(step + 1)")
    case .dependencyWillRun(let target): (what, key) = ("dependency-will-run", target)
    }
  }
}

package struct JSONError: JSONRecord, Hashable {
  package var code: String
  package var operation: String
  package var subject: String
  package var cause: String
  package var hint: String?

  package init(_ error: StepError) {
    code = error.code.rawValue
    (operation, subject, cause, hint) = (error.operation, error.subject, error.cause, error.hint)
  }
}

/// A step of a plan, with its variables resolved and secrets hidden by the caller.
package struct JSONStep: JSONRecord, Hashable {
  /// From 1.
  package var number: Int
  package var text: String
  /// Nil: on this machine.
  package var place: String?
  package var once: Bool

  package init(number: Int, text: String, place: String?, once: Bool) {
    (self.number, self.text, self.place, self.once) = (number, text, place, once)
  }
}

/// A target in a plan (`-n --json`) or in `status --json`.
package struct JSONTarget: JSONRecord, Hashable {
  package var version = jsonVersion
  /// `plan`, `status` or `why`.
  package var type: String
  package var target: String
  package var kind: String
  /// `fresh`, `stale`, `unknown`, `locked`, `running` or `failed`.
  package var state: String
  package var reasons: [JSONReason]
  /// Empty in `status`.
  package var steps: [JSONStep]
  package var error: JSONError?
  /// Seconds since 1970 of the last successful build.
  package var builtAt: Double?
  /// In `why`, of targets that were asked for.
  package var cost: JSONCost?
  package var snapshots: [JSONSnapshotUse]?

  package init(
    type: String, target: String, kind: String, state: String, reasons: [StaleReason] = [], steps: [JSONStep] = [],
    error: StepError? = nil, builtAt: Double? = nil
  ) {
    (self.type, self.target, self.kind, self.state, self.steps) = (type, target, kind, state, steps)
    self.reasons = reasons.map { JSONReason($0) }
    self.error = error.map { JSONError($0) }
    self.builtAt = builtAt
  }

  enum CodingKeys: String, CodingKey {
    case version, type, target, kind, state, reasons, steps, error, cost, snapshots
    case builtAt = "built-at"
  }
}

/// What acting would cost.
package struct JSONCost: JSONRecord, Hashable {
  package var builds: [String]
  package var expectedSeconds: Double
  package var unknown: [String]
  package var givenUp: [String]
  package var following: [String]

  package init(_ cost: ActCost) {
    (builds, expectedSeconds, unknown) = (cost.builds, cost.seconds, cost.unknown)
    (givenUp, following) = (cost.machines, cost.following)
  }

  enum CodingKeys: String, CodingKey {
    case builds, unknown, following
    case expectedSeconds = "expected-seconds"
    case givenUp = "given-up"
  }
}

/// A snapshot that a target is kept in, and whether a new machine would be made from it.
package struct JSONSnapshotUse: JSONRecord, Hashable {
  package var snapshot: String
  /// Seconds since 1970.
  package var madeAt: Double
  /// Why it isn't used; nil where it is.
  package var unused: String?

  package init(snapshot: String, madeAt: Double, unused: String?) {
    (self.snapshot, self.madeAt, self.unused) = (snapshot, madeAt, unused)
  }

  enum CodingKeys: String, CodingKey {
    case snapshot, unused
    case madeAt = "made-at"
  }
}

/// A server in `status --json`, as it is on record.
package struct JSONServer: JSONRecord, Hashable {
  package var version = jsonVersion
  package var type = "server"
  /// Its name in the layout.
  package var server: String
  package var id: String
  /// How often it was made or got a fresh disk.
  package var generation: Int
  package var address: String
  /// How its host key came to be believed, for people.
  package var hostKey: String
  /// What is wrong with it in the cloud; nil where nothing is, or the cloud wasn't asked.
  package var problem: String?

  package init(server: String, id: String, generation: Int, address: String, hostKey: String, problem: String?) {
    (self.server, self.id, self.generation, self.address) = (server, id, generation, address)
    (self.hostKey, self.problem) = (hostKey, problem)
  }

  enum CodingKeys: String, CodingKey {
    case version, type, server, id, generation, address, problem
    case hostKey = "host-key"
  }
}
