/// Runs steps of recipes where they belong. The engine decides which and when; this knows how.
package protocol StepRunner: Sendable {
  /// Runs the step at one place (nil: this machine) to its end. Output is given line by line.
  /// Throws with what came back where it failed; `.interrupted` where the task was cancelled.
  /// A step with `onceID` is started at most once for that id, and attached to where it was started before.
  func run(_ step: ResolvedStep, at site: StepSite?, events: StepEvents) async throws(StepError)
}

/// A step with every value filled in: holds secrets, and is never shown.
package struct ResolvedStep: Sendable {
  package var target: String
  /// From 1, and of how many: for messages.
  package var number: Int
  package var count: Int
  package var body: Body
  package var timeout: Duration?
  /// Says target, step and generation of the place; nil where the step may be repeated.
  package var onceID: String?

  package enum Body: Sendable {
    case script(String)
    case files([ResolvedFile])
  }
}

/// A file that a `put` or `render` step moves.
package struct ResolvedFile: Sendable {
  package enum Contents: Sendable {
    case path(String)
    case bytes([UInt8])
  }
  package var contents: Contents
  package var destination: String
  package var mode: UInt16
  package var owner: String?
}

/// A place that a step runs at, with what is known of it: the outputs of the target that stands for it.
package struct StepSite: Sendable, Hashable {
  package var name: String
  package var outputs: [String: String]
  /// The user whom the target's `user` variable says, else the place's.
  package var user: String

  package init(name: String, outputs: [String: String], user: String) {
    self.name = name
    self.outputs = outputs
    self.user = user
  }
}

/// Who is told what a step does.
package struct StepEvents: Sendable {
  package var line: @Sendable (String) -> Void
  package var note: @Sendable (String) -> Void
  package var trace: @Sendable (String) -> Void
  /// Is told the last line that a script printed on standard output, once it succeeded.
  package var result: @Sendable (String) -> Void
  package var interrupt: Interrupt

  package init(
    line: @escaping @Sendable (String) -> Void, note: @escaping @Sendable (String) -> Void,
    trace: @escaping @Sendable (String) -> Void, result: @escaping @Sendable (String) -> Void = { _ in },
    interrupt: Interrupt
  ) {
    self.line = line
    self.note = note
    self.trace = trace
    self.result = result
    self.interrupt = interrupt
  }
}
