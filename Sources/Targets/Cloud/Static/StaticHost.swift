import FoundationEssentials
import StackMake
package import SystemPackage

/// A server that exists already, as its line of the layout tells it.
package struct StaticHost: Sendable, Hashable {
  package var server: String
  package var address: String
  package var port: UInt16
  /// A private key to log in with, as it is written.
  package var key: String?
  /// Host keys that the line pins.
  package var pins: [HostKey]

  /// What tells machines apart: `192.0.2.7:22`.
  package var id: String { Self.id(address, port) }

  static func id(_ address: String, _ port: UInt16) -> String {
    address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }

  /// Reads the settings of a line, or everything that is wrong with them. Pure.
  static func read(_ place: Place) -> (host: StaticHost?, problems: [CloudProblem]) {
    var problems: [CloudProblem] = []
    func problem(_ setting: String, _ message: String, _ hint: String? = nil) {
      problems.append(CloudProblem(servers: [place.name], setting: setting, message: message, hint: hint))
    }
    let address = place.settings["host"]
    if let address {
      if !isAddress(address) { problem("host", "`host=\(address)` is neither an address nor a name of a host") }
    } else {
      problem("host", "nothing says where it is", "write `host=ADDRESS` on its line of the layout")
    }
    let port = place.settings["port"].map { UInt16($0) } ?? 22
    if port == nil || port == 0 {
      problem("port", "`port=\(place.settings["port"] ?? "")` is no port: it must be a number from 1 to 65535")
    }
    var pins: [HostKey] = []
    for text in (place.settings["host-key"] ?? "").split(separator: ",") {
      if let key = HostKey.parse(String(text.replacing(":", with: " ", maxReplacements: 1))) {
        pins.append(key)
      } else if text.hasPrefix("SHA256:") || text.hasPrefix("MD5:") {
        problem("host-key", "`host-key=\(text)` is the fingerprint of a key, and the key itself is needed", howToPin)
      } else {
        problem("host-key", "`host-key=\(text)` is no host key", howToPin)
      }
    }
    guard problems.isEmpty, let address, let port else { return (nil, problems) }
    let host = StaticHost(
      server: place.name, address: address, port: port, key: place.settings["key"], pins: pins)
    return (host, [])
  }

  /// Where a host key comes from that is more than what the network says.
  static let howToPin =
    "on the server itself, `cut -d' ' -f1,2 --output-delimiter=: /etc/ssh/ssh_host_ed25519_key.pub` prints what to "
    + "write: `host-key=ssh-ed25519:AAAA…`; what `ssh-keyscan` prints is the word of whoever answers, until it is "
    + "compared with that"

  /// Addresses, and names as the resolver takes them.
  private static func isAddress(_ text: String) -> Bool {
    !text.hasPrefix("-")
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
          UInt8(ascii: "_"), UInt8(ascii: "%"):
          true
        default: false
        }
      }
  }

  /// The key's file: `~/` is the user's home, all else is from the Stackfile's directory.
  package static func keyPath(_ text: String, directory: FilePath, home: FilePath?) -> FilePath {
    if text.hasPrefix("~/"), let home { return home.appending(String(text.dropFirst(2))) }
    return directory.pushing(FilePath(text))
  }
}
