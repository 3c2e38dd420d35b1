import CSSH

/// A key pair to log in with.
package struct SSHKeyPair: Sendable, Hashable {
  /// The private key in OpenSSH's format, without a passphrase. Secret.
  package var privateKey: String
  /// `ssh-ed25519 AAAA…`
  package var publicKey: String

  /// Makes an ed25519 pair from the system's random source.
  package static func generate() throws(ShellError) -> SSHKeyPair {
    var key: ssh_key?
    guard ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) == SSH_OK, let key else { throw failure("generating") }
    defer { ssh_key_free(key) }
    var base64: UnsafeMutablePointer<CChar>?
    guard ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK, let base64 else { throw failure("writing") }
    defer { ssh_string_free_char(base64) }
    var text: UnsafeMutablePointer<CChar>?
    guard ssh_pki_export_privkey_base64(key, nil, nil, nil, &text) == SSH_OK, let text else {
      throw failure("writing")
    }
    defer { ssh_string_free_char(text) }
    return SSHKeyPair(privateKey: String(cString: text), publicKey: "ssh-ed25519 \(String(cString: base64))")
  }

  /// Whether two lines are of one public key, whatever comment they have.
  static func isSame(_ a: String, _ b: String) -> Bool {
    func words(_ line: String) -> [Substring] { Array(line.split(whereSeparator: \.isWhitespace).prefix(2)) }
    return words(a) == words(b)
  }

  private static func failure(_ verb: String) -> ShellError {
    ShellError(.failed, host: "this machine", operation: "make a key pair", cause: "\(verb) an ed25519 key failed")
  }
}
