import StackMake

/// Texts of bash that make and unmake the mesh on one server. They run as its user, who may use sudo.
struct MeshScript: Sendable {
  /// Of one server of the mesh.
  struct Peer: Sendable, Hashable {
    var name: String
    var address: String
    var port: UInt16
    var user: String
    /// `TYPE BASE64`, verified.
    var hostKeys: [HostKey]
  }

  /// Keys that are let in, as lines of authorized_keys.
  struct Keys: Sendable, Hashable {
    var user: String
    var root: String
  }

  /// Names the lines that are ours among others' in a file.
  var cluster: String

  private var begin: String { "# stackmake \(cluster): begin" }
  private var end: String { "# stackmake \(cluster): end" }

  /// Makes the keys of the user and of root where there are none, and prints the public ones.
  static let keys = """
    umask 077
    mkdir -p ~/.ssh
    name=$(hostname)
    [ -s ~/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -C "$(id -un)@$name" -f ~/.ssh/id_ed25519
    sudo -n sh -c 'umask 077; mkdir -p ~root/.ssh; [ -s ~root/.ssh/id_ed25519 ] ||
      ssh-keygen -q -t ed25519 -N "" -C "root@$1" -f ~root/.ssh/id_ed25519' sh "$name"
    printf 'user %s\\n' "$(ssh-keygen -y -f ~/.ssh/id_ed25519) $(id -un)@$name"
    printf 'root %s\\n' "$(sudo -n ssh-keygen -y -f /root/.ssh/id_ed25519) root@$name"
    """

  /// What `keys` printed; nil where it isn't that.
  static func keys(_ output: String) -> Keys? {
    var found: [String: String] = [:]
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      if words.count == 2, words[1].hasPrefix("ssh-") { found[String(words[0])] = String(words[1]) }
    }
    guard let user = found["user"], let root = found["root"] else { return nil }
    return Keys(user: user, root: root)
  }

  /// Puts the block of ours in each file in place of the one that is there. Other lines stay as they are.
  private static let functions = """
    # edit FILE MODE: standard input becomes the block of FILE; without input the block goes.
    edit() {
      local old new
      new=$(cat)
      old=$(cat -- "$1" 2>/dev/null; printf .) || true
      old=${old%.}
      new=$(printf %s "$old" | awk -v begin="$begin" -v end="$end" \
        '$0 == begin { inside = 1 } !inside { print } $0 == end { inside = 0 }'; printf '%s\\n.' "$new")
      new=${new%.}
      while [ "$new" != "${new%$'\\n'$'\\n'}" ]; do new=${new%$'\\n'}; done
      [ "$new" != $'\\n' ] || new=
      [ "$new" = "$old" ] && return
      [ -n "$new$old" ] || return 0
      printf %s "$new" > "$1.stackmake"
      chmod "$2" "$1.stackmake"
      mv -f -- "$1.stackmake" "$1"
    }
    """

  /// Makes everybody known to the server, and lets everybody in.
  ///
  /// - Parameter peers: all servers, this one too.
  func join(_ peers: [Peer], _ keys: [Keys]) -> String {
    let hosts = peers.map { "\($0.address) \($0.name)" }
    let config = peers.map { peer in
      "Host \(peer.name)\n    User \(peer.user)" + (peer.port == 22 ? "" : "\n    Port \(peer.port)")
    }
    let known = peers.flatMap { peer in
      let names = [peer.name, peer.address].map { peer.port == 22 ? $0 : "[\($0)]:\(peer.port)" }
      return peer.hostKeys.map { "\(names.joined(separator: ",")) \($0.type) \($0.base64)" }.sorted()
    }
    let authorized = keys.flatMap { [$0.user, $0.root] }
    return edits(
      hosts: block(hosts), known: block(known), config: block(config), authorized: block(authorized))
  }

  /// Takes all of it away.
  var leave: String { edits(hosts: "", known: "", config: "", authorized: "") }

  private func block(_ lines: [String]) -> String { ([begin] + lines + [end]).joined(separator: "\n") }

  private func edits(hosts: String, known: String, config: String, authorized: String) -> String {
    """
    begin=\(ShellCommand.quoted(begin)) end=\(ShellCommand.quoted(end))
    \(Self.functions)
    as_root() { sudo -n env begin="$begin" end="$end" bash -euc "$(declare -f edit); edit \\"\\$@\\"" bash "$@"; }
    sudo -n mkdir -p /etc/ssh/ssh_config.d
    as_root /etc/hosts 644 <<'stackmake'
    \(hosts)
    stackmake
    as_root /etc/ssh/ssh_known_hosts 644 <<'stackmake'
    \(known)
    stackmake
    as_root /etc/ssh/ssh_config.d/stackmake.conf 644 <<'stackmake'
    \(config)
    stackmake
    mkdir -p -m 700 ~/.ssh
    edit ~/.ssh/authorized_keys 600 <<'stackmake'
    \(authorized)
    stackmake
    """
  }

  /// Logs in to each of these, ten at once, and says which it can't.
  static func check(_ names: [String]) -> String {
    """
    try() {
      ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 "$1" true 2>/tmp/stackmake-mesh.$$.$1 ||
        echo "$1: $(tail -n 1 /tmp/stackmake-mesh.$$.$1)"
      rm -f /tmp/stackmake-mesh.$$.$1
    }
    for name in \(names.joined(separator: " ")); do
      try "$name" &
      while [ "$(jobs -r | wc -l)" -ge 10 ]; do wait -n; done
    done
    wait
    """
  }
}
