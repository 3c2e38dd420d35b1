import StackMake

/// Texts of shell that make and unmake the overlay on one server. They run as its user, who may use sudo.
///
/// A VXLAN device of the kernel with every peer in its forwarding entry for all addresses that it doesn't know
/// (ip-link(8), bridge(8)): frames for those go to each peer, and what is known goes to one.
struct OverlayScript: Sendable {
  /// The address that the server has on the network below, its device and that device's MTU.
  struct Underlay: Sendable, Hashable {
    var address: String
    var mtu: Int

    /// What encapsulating costs (RFC 7348): outer Ethernet, IP, UDP and VXLAN headers.
    var room: Int { mtu - (address.contains(":") ? 70 : 50) }
  }

  static let device = "stackmake0"
  private static let directory = "/etc/stackmake"
  private static let program = "\(directory)/overlay"
  private static let unit = "stackmake-overlay.service"

  /// Prints `ADDRESS MTU` of the network below: of the address by which the server is reached, or, where that is
  /// another's (a floating one), of the one that it speaks from. Nothing in a pipe ends before it has read all: its writer
  /// would die of SIGPIPE, and with it the script.
  static func underlay(_ address: String) -> String {
    """
    find() { ip -o addr show | awk -v a="$1" '{ split($4, x, "/"); if (x[1] == a && !n++) print $2 }'; }
    address=\(ShellCommand.quoted(address))
    device=$(find "$address")
    if [ -z "$device" ]; then
      address=$(ip -4 -o route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \\([^ ]*\\).*/\\1/p')
      device=$(find "$address")
    fi
    [ -n "$device" ] || { echo "none of its devices has an address to the other servers" >&2; exit 1; }
    device=${device%%@*}
    echo "$address $(cat "/sys/class/net/$device/mtu")"
    """
  }

  /// What `underlay` printed.
  static func underlay(printed text: String) -> Underlay? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 2, let mtu = Int(words[1]) else { return nil }
    return Underlay(address: String(words[0]), mtu: mtu)
  }

  /// Makes the device as it should be, changing only what isn't, now and at each boot.
  static func up(
    _ settings: OverlaySettings, mtu: Int, local: String, address: String, peers: [String]
  ) -> String {
    """
    new=$(cat <<'stackmake'
    \(programText(settings, mtu: mtu, local: local, address: address, peers: peers))
    stackmake
    )
    unit=$(cat <<'stackmake'
    \(unitText)
    stackmake
    )
    install_text() { # PATH MODE TEXT
      [ "$(sudo -n cat "$1" 2>/dev/null || true)" = "$3" ] && return 0
      printf '%s\\n' "$3" | sudo -n sh -c 'umask 077; cat > "$1.new" && chmod "$2" "$1.new" && mv -f "$1.new" "$1"' sh "$1" "$2"
    }
    sudo -n mkdir -p \(directory)
    install_text \(program) 755 "$new"
    sudo -n \(program) up
    if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
      install_text /etc/systemd/system/\(unit) 644 "$unit"
      sudo -n systemctl -q enable \(unit)
    fi
    """
  }

  /// Leaves nothing of it.
  static let down = """
    [ ! -x \(program) ] || sudo -n \(program) down
    if [ -e /etc/systemd/system/\(unit) ]; then
      sudo -n systemctl -q disable \(unit) || true
      sudo -n rm -f /etc/systemd/system/\(unit)
    fi
    sudo -n rm -f \(program)
    """

  private static func programText(
    _ settings: OverlaySettings, mtu: Int, local: String, address: String, peers: [String]
  ) -> String {
    """
    #!/bin/sh
    # Written by stackmake: the overlay network of this cluster. usage: overlay up|down
    set -eu
    device=\(device) vni=\(settings.vni) port=\(settings.port) local=\(local) mtu=\(mtu)
    address=\(address)/\(settings.cidr.length)
    peers="\(peers.joined(separator: " "))"
    flood=00:00:00:00:00:00
    shown=$(ip -d link show dev "$device" 2>/dev/null || true)
    if [ "$1" = down ]; then
      [ -z "$shown" ] || ip link del "$device"
      exit
    fi
    case $shown in
      ''|*"vxlan id $vni local $local "*"dstport $port "*) ;;
      *) ip link del "$device"; shown= ;;
    esac
    [ -n "$shown" ] || ip link add "$device" type vxlan id "$vni" local "$local" dstport "$port" ttl 64
    ip link set "$device" mtu "$mtu" up
    had=
    for old in $(ip -o -4 addr show dev "$device" | awk '{ print $4 }'); do
      if [ "$old" = "$address" ]; then had=1; else ip addr del "$old" dev "$device"; fi
    done
    [ -n "$had" ] || ip addr add "$address" dev "$device"
    known=$(bridge fdb show dev "$device" | awk -v f="$flood" '$1 == f { for (i = 1; i < NF; i++) if ($i == "dst") print $(i + 1) }')
    known=" $(echo $known) "
    for peer in $peers; do
      case $known in *" $peer "*) ;; *) bridge fdb append "$flood" dev "$device" dst "$peer" ;; esac
    done
    for old in $known; do
      case " $peers " in *" $old "*) ;; *) bridge fdb del "$flood" dev "$device" dst "$old" ;; esac
    done
    """
  }

  private static let unitText = """
    [Unit]
    Description=Overlay network of the cluster, made by stackmake
    Wants=network-online.target
    After=network-online.target

    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=\(program) up

    [Install]
    WantedBy=multi-user.target
    """

  /// Pings each address at full size, many at once, and prints `ADDRESS ok`, `ADDRESS small` where only small
  /// packets come back, or `ADDRESS none`.
  static func check(_ addresses: [String], mtu: Int) -> String {
    // IPv4 and ICMP headers are 28 bytes.
    """
    command -v ping >/dev/null || { echo "there is no ping: the package iputils-ping has it" >&2; exit 1; }
    try() {
      if sudo -n ping -q -n -M do -s \(mtu - 28) -c 3 -i 0.3 -W 3 -w 10 "$1" >/dev/null 2>&1; then echo "$1 ok"
      elif sudo -n ping -q -n -s 56 -c 3 -i 0.3 -W 3 -w 10 "$1" >/dev/null 2>&1; then echo "$1 small"
      else echo "$1 none"; fi
    }
    for address in \(addresses.joined(separator: " ")); do
      try "$address" &
      while [ "$(jobs -r | wc -l)" -ge 32 ]; do wait -n || true; done
    done
    wait
    """
  }
}
