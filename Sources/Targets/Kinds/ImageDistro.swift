/// The distribution in an image, as far as it can be told. Pure.
package struct ImageDistro: Sendable, Hashable {
  /// `debian`, `ubuntu`; `rhel` for it and all that are built from it.
  package var family: String
  /// `12`, `24.04`, `9`: as much of it as tells releases apart.
  package var version: String

  /// From an image's properties `os_distro` and `os_version`, else from its name; nil where neither says it.
  package init?(properties: [String: String], name: String) {
    if let family = properties["os_distro"].flatMap({ Self.families[$0.lowercased()] }),
      let version = properties["os_version"], let known = Self(family, version)
    {
      self = known
    } else {
      self.init(name: name)
    }
  }

  /// `debian-12`, `Rocky-9-GenericCloud`, `noble-server-cloudimg-amd64`
  package init?(name: String) {
    let words = Self.words(name)
    if let release = words.lazy.compactMap({ Self.releases[$0] }).first {
      self = release
      return
    }
    guard let index = words.firstIndex(where: { Self.families[$0] != nil }), let family = Self.families[words[index]],
      let found = words[(index + 1)...].lazy.compactMap({ Self(family, $0) }).first
    else { return nil }
    self = found
  }

  /// Nil where it is no version of that family: a date, half a word.
  private init?(_ family: String, _ text: String) {
    let parts = text.split(separator: ".")
    guard !parts.isEmpty, parts.allSatisfy({ $0.count <= 2 && $0.allSatisfy(\.isNumber) }) else { return nil }
    if family == "ubuntu" {
      guard parts.count >= 2 else { return nil }
      version = "\(parts[0]).\(parts[1])"
    } else {
      version = String(parts[0])
    }
    self.family = family
  }

  /// `debian12` is two words; a version stays one.
  private static func words(_ name: String) -> [String] {
    var words: [String] = []
    for part in name.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "." }) {
      let letters = part.prefix { $0.isLetter }
      if families[String(letters)] != nil, letters.count < part.count {
        words += [String(letters), String(part.dropFirst(letters.count))]
      } else {
        words.append(String(part))
      }
    }
    return words
  }

  /// `debian 12`
  package var text: String { "\(family) \(version)" }

  /// As DevStack calls it: `bookworm`, `rhel9`; `debian 11` where it has no name for it that counts.
  package var release: String {
    if family == "rhel" { return "rhel\(version)" }
    return Self.releases.first { $0.value == self }?.key ?? text
  }

  private init(known family: String, _ version: String) {
    self.family = family
    self.version = version
  }

  private static let families = [
    "debian": "debian", "ubuntu": "ubuntu", "rhel": "rhel", "centos": "rhel", "rocky": "rhel", "almalinux": "rhel",
    "alma": "rhel",
  ]

  private static let releases = [
    "bullseye": ImageDistro(known: "debian", "11"), "bookworm": ImageDistro(known: "debian", "12"),
    "trixie": ImageDistro(known: "debian", "13"), "focal": ImageDistro(known: "ubuntu", "20.04"),
    "jammy": ImageDistro(known: "ubuntu", "22.04"), "noble": ImageDistro(known: "ubuntu", "24.04"),
    "resolute": ImageDistro(known: "ubuntu", "26.04"),
  ]
}
