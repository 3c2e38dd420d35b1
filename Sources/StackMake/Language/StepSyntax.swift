/// One step of a recipe as it was written.
struct StepSyntax: Sendable {
  enum Body: Sendable {
    case script(TemplateSyntax)
    case transfer(TransferSyntax)
  }

  /// `put` or `render`.
  struct TransferSyntax: Sendable {
    var isRender: Bool
    var source: Value
    var destination: Value
    var mode: Value?
    var owner: Value?

    var keyword: String { isRender ? "render" : "put" }
  }

  /// A text and where it stands.
  struct Value: Sendable {
    var text: TemplateSyntax
    var range: SourceRange
  }

  struct Retry: Sendable {
    var count: Value
    var every: Value?
  }

  var body: Body
  /// From the first word to the end of the first line.
  var range: SourceRange
  /// The line of the first word, from 0.
  var line: Int
  var isOnce = false
  var isLocal = false
  var retry: Retry?
  /// Names and globs of the `on` line above; empty for none.
  var on: [Value] = []
}
