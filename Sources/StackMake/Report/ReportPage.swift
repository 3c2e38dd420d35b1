import Crypto
import FoundationEssentials

/// One page with all in it: style, script and data. Its policy lets it load nothing and run nothing else.
package struct ReportPage: Sendable {
  /// The page with the places `{{style}}`, `{{script}}`, `{{data}}`, `{{title}}`, `{{style-digest}}` and
  /// `{{script-digest}}`.
  private let page: String
  private let style: String
  private let script: String

  package init(page: String, style: String, script: String) {
    (self.page, self.style, self.script) = (page, style, script)
  }

  package func text(_ data: ReportData, redactor: Redactor) -> String {
    let values = [
      "title": Self.escaped(redactor.redact(data.cluster)), "style": style, "script": script,
      "style-digest": Self.digest(style), "script-digest": Self.digest(script),
      // The end of the script element can't be in it, nor the beginning of another.
      "data": redactor.redact(data.line).replacing("<", with: "\\u003c"),
    ]
    var result = ""
    var rest = Substring(page)
    while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
      result += rest[..<start.lowerBound]
      result += values[String(rest[start.upperBound..<end.lowerBound])] ?? ""
      rest = rest[end.upperBound...]
    }
    return result + rest
  }

  /// As a content security policy names what is allowed: <https://www.w3.org/TR/CSP3/#grammardef-hash-source>
  private static func digest(_ text: String) -> String {
    "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
