# Fresh roots of Debian releases, for scripts to source: `root_of SUITE` makes one in "$work", and `inside` and `as_machine`
# run a command in that of "$suite". The roots are made once, with mmdebstrap from the host's mirror, and kept in
# $STACKMAKE_TEST_CACHE (/var/cache/stackmake-tests); what is worked in is a copy, in memory. As root.
[ "$(id -u)" = 0 ] || { echo "${0##*/}: needs root" >&2; exit 1; }
# The copies are in a mount that goes with this process.
[ -n "${FRESH_ROOT_MOUNTS:-}" ] || exec env FRESH_ROOT_MOUNTS=own unshare --mount --propagation private "$0" "$@"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for tool in mmdebstrap dpkg-shlibdeps strip; do
  command -v $tool >/dev/null || { scripts/need mmdebstrap dpkg-dev binutils; break; }
done
cache=${STACKMAKE_TEST_CACHE:-/var/cache/stackmake-tests}
mkdir -p "$cache"
work=$(mktemp -d)
mount -t tmpfs -o mode=0755 tmpfs "$work"
trap 'cd /; umount -l "$work"; rmdir "$work"' EXIT

# How the host reaches its mirror, and how old it may be.
mirror=$(sed -n 's/^URIs: *\([^ ]*debian\/\{0,1\}\)\( .*\)\{0,1\}$/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\/\{0,1\}\) .*/\2/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1 || true)
apt-config dump | grep -iE '^Acquire::(https?::proxy|check-|retries)' | grep -v '""' >"$work/apt.conf" || true

root_of() {
  local suite=$1
  exec 9>"$cache/lock"
  flock 9
  if [ ! -e "$cache/$suite.tar" ]; then
    echo "${0##*/}: making a root of $suite" >&2
    mmdebstrap --mode=root --variant=apt --aptopt="$work/apt.conf" "$suite" "$cache/.$suite.tar" \
      "deb ${mirror:-http://deb.debian.org/debian} $suite main" 2>"$cache/$suite.log" ||
      { tail -n 20 "$cache/$suite.log" >&2; exit 1; }
    mv "$cache/.$suite.tar" "$cache/$suite.tar"
  fi
  exec 9>&-
  mkdir "$work/$suite"
  tar -C "$work/$suite" --exclude='./dev/*' -xf "$cache/$suite.tar"
  cp /etc/resolv.conf /etc/hosts "$work/$suite/etc/"
  cp "$work/apt.conf" "$work/$suite/etc/apt/apt.conf.d/90host"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    mkdir -p "$work/$suite/usr/local/share/ca-certificates"
    cp /usr/local/share/ca-certificates/*.crt "$work/$suite/usr/local/share/ca-certificates/"
  fi
}

# A command inside, with mounts and processes of its own that go with it.
inside() {
  unshare --mount --pid --fork --kill-child bash -euc '
    mount --make-rprivate /
    mount -t proc proc "$0/proc"
    mount -t tmpfs tmpfs "$0/dev"
    for device in null zero urandom random tty; do touch "$0/dev/$device"; mount --bind "/dev/$device" "$0/dev/$device"; done
    ln -s /proc/self/fd "$0/dev/fd"
    root=$0
    exec env -i -C / PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
      chroot "$root" "$@"' "$work/$suite" "$@"
}

# The same with all that a machine of the local cloud needs: the host's devices and control groups, and a root that is a
# mount of its own. systemd-nspawn moves its root, which is refused below one that was only changed to.
as_machine() {
  unshare --mount --pid --fork --kill-child bash -euc '
    mount --make-rprivate /
    mount --rbind "$0" "$0"
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    mount --rbind /sys "$0/sys"
    mount -t tmpfs -o mode=0755 tmpfs "$0/run"
    mount -t tmpfs -o mode=1777 tmpfs "$0/tmp"
    cd "$0"
    mkdir -p host
    pivot_root . host
    umount -l /host
    cd /
    exec env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
      LC_ALL=C.UTF-8 "$@"' "$work/$suite" "$@"
}
