import StackMake
import Targets

/// Writes what a doctor found: lines for people, or JSON.
struct DoctorText {
  let json: Bool

  /// One value of the configuration.
  struct Setting {
    var key: String
    var value: String
    var origin: String
  }

  func tell(_ settings: [Setting]) {
    if json {
      let records = settings.map { JSONSetting(key: $0.key, value: $0.value, origin: $0.origin) }
      Console.write(records.map(\.line).joined(), to: .standardOutput)
      return
    }
    let width = settings.map { DisplayText.width($0.key) }.max() ?? 0
    let valueWidth = min(settings.map { DisplayText.width($0.value) }.max() ?? 0, 40)
    Console.line("configuration")
    for setting in settings {
      let (key, value) = (
        DisplayText.padded(setting.key, to: width), DisplayText.padded(DisplayText.clean(setting.value), to: valueWidth)
      )
      Console.line("  \(key)  \(value)  (\(setting.origin))")
    }
  }

  func tell(_ finding: DoctorFinding) {
    if json {
      Console.write(JSONCheck(finding).line, to: .standardOutput)
      return
    }
    var line = DisplayText.padded(finding.step.rawValue, to: 8)
    if let subject = finding.subject { line += "  \(DisplayText.padded(subject, to: Self.subjectWidth(finding)))" }
    line += "  "
    if let error = finding.error {
      line += "failed: \(error.operation): \(error.cause)"
      if let hint = error.hint { line += "\n  hint: \(hint)" }
    } else {
      line += DisplayText.clean(finding.text)
    }
    Console.line(line)
  }

  /// Said only where all is well; JSON needs no such line.
  func end(_ text: String) {
    if !json { Console.line(text) }
  }

  private static func subjectWidth(_ finding: DoctorFinding) -> Int { finding.step == .quota ? 18 : 9 }
}

/// A value of the configuration in `doctor --json`.
private struct JSONSetting: JSONRecord {
  var version = jsonVersion
  var type = "setting"
  var key: String
  var value: String
  var origin: String
}

/// A thing that was tried in `doctor --json`.
private struct JSONCheck: JSONRecord {
  var version = jsonVersion
  var type = "check"
  var step: String
  var subject: String?
  /// `ok` or `failed`.
  var state: String
  var text: String?
  var used: Int?
  var limit: Int?
  var error: JSONError?

  init(_ finding: DoctorFinding) {
    step = finding.step.rawValue
    subject = finding.subject
    state = finding.error == nil ? "ok" : "failed"
    text = finding.error == nil ? finding.text : nil
    (used, limit) = (finding.used, finding.limit)
    error = finding.error.map { JSONError(StepError($0, subject: finding.subject ?? finding.step.rawValue)) }
  }
}
