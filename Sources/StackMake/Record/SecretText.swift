/// Makes the text of a secret.
package enum SecretText {
  static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
  static let length = 24

  /// 24 letters and digits (143 bits) from the system's random source, each as likely as any other.
  package static func make() -> String {
    var source = SystemRandomNumberGenerator()
    return make(using: &source)
  }

  /// The standard library's choice of an element is uniform for any count; a remainder would not be.
  static func make(using source: inout some RandomNumberGenerator) -> String {
    var text = ""
    for _ in 0..<length { text.append(alphabet.randomElement(using: &source)!) }
    return text
  }
}
