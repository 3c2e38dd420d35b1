/// One step of a recipe, with its variables resolved.
package struct Step: Hashable, Sendable {
  package enum Body: Hashable, Sendable {
    /// A bash script (errexit, nounset, pipefail).
    case script(Template)
    case put(Transfer)
    case render(Transfer, [RenderedFile])
  }

  /// What a `put` or `render` step moves, and where to.
  package struct Transfer: Hashable, Sendable {
    /// A path, a glob or a directory, relative to the directory of the file that says it
    /// (already joined with that directory).
    package var source: String
    package var destination: Template
    /// Permission bits, nil for those of the source.
    package var mode: UInt16?
    package var owner: String?

    package init(source: String, destination: Template, mode: UInt16?, owner: String?) {
      self.source = source
      self.destination = destination
      self.mode = mode
      self.owner = owner
    }
  }

  /// One file of a `render` step: where it is, where it goes below the destination ("" where
  /// the source is one file) and its text with variables resolved.
  package struct RenderedFile: Hashable, Sendable {
    package var path: String
    package var relativePath: String
    package var contents: Template

    package init(path: String, relativePath: String, contents: Template) {
      self.path = path
      self.relativePath = relativePath
      self.contents = contents
    }
  }

  /// Where a step runs.
  package enum Site: Hashable, Sendable {
    /// At the target's own place, or on this machine where it has none.
    case home
    /// On this machine (`local`).
    case here
    /// At each of these places, in parallel (`on`).
    case places([PlaceID])
  }

  /// `retry count=N every=T`
  package struct Retry: Hashable, Sendable {
    package var count: Int
    package var every: Duration

    package init(count: Int, every: Duration) {
      self.count = count
      self.every = every
    }
  }

  package var body: Body
  package var site: Site
  /// Must never run twice on the same generation of a place.
  package var isOnce: Bool
  package var retry: Retry?
  package var location: SourceLocation

  /// Every text that has values of other targets in it.
  var templates: [Template] {
    switch body {
    case .script(let text): [text]
    case .put(let transfer): [transfer.destination]
    case .render(let transfer, let files): [transfer.destination] + files.map(\.contents)
    }
  }

  package init(body: Body, site: Site, isOnce: Bool, retry: Retry?, location: SourceLocation) {
    self.body = body
    self.site = site
    self.isOnce = isOnce
    self.retry = retry
    self.location = location
  }
}
