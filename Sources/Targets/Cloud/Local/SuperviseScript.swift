import SystemPackage

/// The script that is a machine's supervisor. It holds the machine's mounts and network in namespaces of its own, so that
/// they vanish with it, however it ends; starts the machine again when it reboots; and says in files how things stand.
struct SuperviseScript: Sendable, Hashable {
  var record: MachineRecord
  var files: GenerationFiles
  var link: String
  var base: FilePath
  var network: LocalNetwork
  /// MiB
  var memory: Int

  /// Where systemd runs the host, the script is a service, and systemd made its control group.
  var command: [String] { ["unshare", "--mount", "--propagation", "private", "bash", files.script.string] }

  func serviceCommand() -> [String] {
    [
      "systemd-run", "--quiet", "--collect", "--unit=\(files.unit)", "--property=Delegate=yes",
      "--property=MemoryMax=\(memory)M", "--property=KillMode=mixed", "--property=TimeoutStopSec=20",
      "--property=TasksMax=infinity", "--description=stackmake machine \(record.name)", "--",
    ] + command
  }

  var text: String {
    """
    #!/bin/bash
    # Runs the machine \(record.id) (generation \(record.generation)). Started by stackmake; TERM shuts the machine down.
    set -u
    umask 022
    trap '' HUP INT
    cd \(files.directory.string.shellWord) || exit 1
    exec </dev/null >>supervisor.log 2>&1
    exec 9>running
    flock --nonblock 9 || { echo 'another supervisor runs this machine'; exit 0; }

    save() { printf '%s\\n' "$2" >".$1.new" && mv -f ".$1.new" "$1"; }
    fail() { echo "$1"; save state "failed $1"; leave; exit 1; }

    # Leaves the control groups and removes them, where nothing is left in them.
    leave() {
      [ "$service" = no ] || return 0
      for group in ${groups[@]+"${groups[@]}"}; do
        echo $$ >"${group%/*}/cgroup.procs"
        [ -d "$group" ] && find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
      done
    }

    status=$(</proc/$$/stat)
    read -r -a fields <<<"${status##*) }"
    save state starting
    save supervisor "$$ ${fields[19]} $(</proc/sys/kernel/random/boot_id)"

    # Control groups: one of cgroup2, one of the named v1 hierarchy, one of v1 memory; whichever are there.
    unit=\(files.unit)
    groups=() service=no memory_group=
    two=/sys/fs/cgroup
    [ -e $two/cgroup.procs ] || two=/sys/fs/cgroup/unified
    if grep -q "/$unit.service" /proc/self/cgroup; then
      service=yes
      while IFS= read -r line; do
        path=${line#*:*:}
        case $line in
          0::*"$unit"*) groups+=("$two$path") ;;
          *:name=systemd:*"$unit"*) groups+=("/sys/fs/cgroup/systemd$path") ;;
        esac
      done </proc/self/cgroup
    else
      [ -e $two/cgroup.procs ] && groups+=("$two/$unit")
      [ -e /sys/fs/cgroup/systemd/cgroup.procs ] && groups+=("/sys/fs/cgroup/systemd/$unit")
      [ -e /sys/fs/cgroup/memory/cgroup.procs ] && memory_group=/sys/fs/cgroup/memory/$unit
    fi
    save cgroups "$(printf '%s\\n' ${groups[@]+"${groups[@]}"} $memory_group)"
    [ ${#groups[@]} -gt 0 ] || fail 'there is no control group hierarchy in /sys/fs/cgroup'
    for group in "${groups[@]}"; do
      mkdir -p "$group/super" "$group/machine" || fail "can't make the control group $group"
      echo $$ >"$group/super/cgroup.procs" || fail "can't enter the control group $group"
      if [ -e "$group/cgroup.controllers" ]; then
        for controller in $(<"${group%/*}/cgroup.controllers"); do
          [ $service = yes ] || echo "+$controller" >"${group%/*}/cgroup.subtree_control"
        done 2>/dev/null
        for controller in $(<"$group/cgroup.controllers"); do
          echo "+$controller" >"$group/cgroup.subtree_control"
        done 2>/dev/null
        [ $service = yes ] || [ ! -e "$group/memory.max" ] || echo \(memory)M >"$group/memory.max"
      fi
    done
    if [ -n "$memory_group" ]; then
      mkdir -p $memory_group && echo \(memory)M >$memory_group/memory.limit_in_bytes \\
        && echo $$ >$memory_group/cgroup.procs || echo "the memory limit can't be set in $memory_group"
      groups+=("$memory_group")
    fi

    # The disk: seen in this mount namespace only.
    \(DiskLayers.option)
    mount -t overlay overlay -o index=off,metacopy=off,lowerdir="$lower"\(base.string.shellWord),upperdir="$PWD/upper",workdir="$PWD/work" root \\
      || fail "can't mount the overlay on $PWD/root"

    # The network: a namespace held by a mount here, and a cable to the bridge. The address is set from outside.
    : >netns
    unshare --net=netns true || fail "can't make a network namespace"
    inside() { nsenter --net=netns "$@"; }
    ip link delete \(link) 2>/dev/null
    inside ip link add eth0 mtu \(network.mtu) address \(LocalNetwork.hardwareAddress(record.address)) \\
      type veth peer name \(link) mtu \(network.mtu) netns $$ || fail "can't make the link \(link)"
    ip link set \(link) master \(network.bridge) up || fail "can't put \(link) on the bridge \(network.bridge)"
    { inside ip link set lo up && inside ip address add \(record.address)/\(network.prefixLength) dev eth0 && inside ip link set eth0 up \\
      && inside ip route add default via \(network.gateway); } || fail "can't set the address \(record.address)"
    for address in \((record.moreAddresses ?? []).joined(separator: " ")); do
      inside ip address add "$address/\(network.prefixLength)" dev eth0 || fail "can't set the address $address"
    done

    options=()
    for device in /dev/net/tun /dev/fuse; do
      [ -e $device ] && options+=("--bind=$device")
    done
    [ -d /lib/modules ] && options+=(--bind-ro=/lib/modules)

    nspawn= stopping=
    trap 'stopping=1; [ -z "$nspawn" ] || kill -TERM "$nspawn"' TERM
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
    while [ -z "$stopping" ]; do
      (
        exec 9>&-
        for group in "${groups[@]}"; do
          [ "$group" = "$memory_group" ] || echo $BASHPID >"$group/machine/cgroup.procs"
        done
        # It dies with this script, and the machine with it.
        exec setpriv --pdeathsig KILL systemd-nspawn --quiet --boot --directory=root \\
          --machine=\(record.id) --hostname=\(record.hostname.shellWord) --register=no --keep-unit \\
          --network-namespace-path="$PWD/netns" --capability=all --console=read-only --link-journal=no \\
          --resolv-conf=off --timezone=off --suppress-sync=yes ${options[@]+"${options[@]}"} >>console.log 2>&1
      ) &
      nspawn=$!
      save state running
      wait $nspawn
      status=$?
      while kill -0 $nspawn 2>/dev/null; do
        wait $nspawn
        status=$?
      done
      # 133: rebooted from inside.
      [ $status = 133 ] || break
    done
    nspawn=
    # Above 128 it was killed, and a machine that is told to end may say anything.
    if [ $status = 0 ] || [ $status -gt 128 ] || [ -n "$stopping" ]; then
      save state "exited $status"
    else
      fail "systemd-nspawn ended with status $status"
    fi
    leave
    """
  }
}
