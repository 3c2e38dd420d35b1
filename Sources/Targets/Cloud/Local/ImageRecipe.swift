import StackMake

/// Everything that decides what is in a base image. Equal recipes make equal images, as far as the mirror stands still.
struct ImageRecipe: Sendable, Hashable {
  /// Raise it when anything below, or `ImageFiles`, changes what is in an image.
  static let format = 1

  static let packages = [
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "sudo", "cloud-init", "iproute2",
    "iputils-ping", "nftables", "python3", "git", "curl", "ca-certificates", "less", "procps",
  ]

  /// Nothing that a machine of a few hours misses, and that would wake up beside what is measured or tested there.
  static let maskedUnits = [
    "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
    "dpkg-db-backup.timer", "systemd-networkd-wait-online.service", "console-getty.service", "getty@tty1.service",
    "cloud-init-hotplugd.socket", "systemd-timesyncd.service", "networking.service",
  ]

  /// Left out of every package, for speed: no machine of a cluster is read at its own screen.
  static let excludedPaths = [
    "/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*",
  ]

  var image: String
  var suite: String
  var mirrors: DebianMirrors

  var id: String { "\(image)-v\(Self.format)" }

  /// Of the recipe, not of the files: it is the same before and after the image is built.
  var checksum: String {
    let parts = [id, suite, mirrors.main, mirrors.security] + Self.packages + Self.maskedUnits + Self.excludedPaths
    return "\(Fingerprint(of: parts.joined(separator: "\n")))"
  }

  /// As in sources.list.
  var sources: [String] {
    [
      "deb \(mirrors.main) \(suite) main", "deb \(mirrors.main) \(suite)-updates main",
      "deb \(mirrors.security) \(suite)-security main",
    ]
  }

  /// The image's name from its id.
  static func image(ofID id: String) -> String? {
    LocalCatalog.suites.keys.first { "\($0)-v\(format)" == id }
  }
}
