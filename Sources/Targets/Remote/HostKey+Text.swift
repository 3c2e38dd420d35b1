import Crypto
import FoundationEssentials

extension HostKey {
  /// Parses a line of a public key file: `ssh-ed25519 AAAA… comment`. nil where it is not one.
  package static func parse(_ line: String) -> HostKey? {
    let fields = line.split(whereSeparator: { $0.isWhitespace })
    guard fields.count >= 2 else { return nil }
    let type = String(fields[0])
    let isKnown = type == "ssh-ed25519" || type == "ssh-rsa" || type.hasPrefix("ecdsa-sha2-nistp")
    // The blob starts with its type as a string with a length of four bytes; a cut-off or mixed-up line fails here.
    guard isKnown, let blob = Data(base64Encoded: String(fields[1])), blob.count > 4 + type.utf8.count,
      blob.prefix(4).elementsEqual([0, 0, 0, UInt8(type.utf8.count)]),
      blob.dropFirst(4).prefix(type.utf8.count).elementsEqual(type.utf8)
    else { return nil }
    return HostKey(type: type, base64: String(fields[1]))
  }

  /// As `ssh-keygen -l` shows it: `SHA256:` and base64 without padding.
  package var fingerprint: String {
    let blob = Data(base64Encoded: base64) ?? Data()
    let digest = Data(SHA256.hash(data: blob)).base64EncodedString()
    return "SHA256:" + digest.prefix(while: { $0 != "=" })
  }

  /// The line that says so in a known_hosts file.
  package func knownHostsLine(for name: String) -> String {
    "\(name) \(type) \(base64)"
  }

  /// The signature algorithms that prove this key, as libssh names them.
  var algorithms: String {
    type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type
  }
}
