/// The remote half of `put`: what it runs on the server, and how its answer is read.
enum PutScript {
  /// What the server says where it wants the contents.
  static let different = "different\n"
  private static let unchanged = "unchanged\n"

  /// Compares; where the destination differs, says so, takes `size` bytes of contents from standard input and puts them
  /// in place.
  static func command(_ upload: FileUpload, at place: ScriptPlace, digest: String, size: Int64) -> String {
    let mode = "0" + String(upload.mode & 0o7777, radix: 8)
    return RemoteScript.commandLine(
      asOwner, [place.directory, text, upload.destination, mode, upload.owner ?? "", digest, String(size)])
  }

  /// What it did by its output, if it ended well; nil where that is no answer.
  static func outcome(_ output: String) -> UploadOutcome? {
    switch output {
    case unchanged: .unchanged
    case different: .written
    default: nil
    }
  }

  /// Runs the text `$2` with the arguments after it, in the directory `$1`: through sudo where there is an owner, or
  /// the destination is absolute and not in the user's home. sudo keeps the current directory, so that a relative
  /// destination means the same.
  private static let asOwner = """
    cd -- "${1:-$HOME}" || exit
    text=$2
    shift 2
    through=
    case $1 in
      "$HOME"/* | "$PWD"/*) ;;
      /*) through=1 ;;
    esac
    [ -z "$3" ] || through=1
    if [ "$through" ] && [ "$EUID" != 0 ]; then
      exec sudo -n -- bash --norc -c "$text" bash "$@"
    fi
    eval "$text"
    """

  /// Sets destination, mode, owner, digest and size, and the wanted uid and gid: the owner's, with its own group where
  /// none is named; else of who runs this, with the group left as the directory gives it.
  private static let preamble = """
    set -uo pipefail
    export LC_ALL=C
    destination=$1 mode=$2 owner=$3 digest=$4 size=$5
    case $destination in
      -*) destination=./$destination ;;
    esac
    uid=$EUID gid=
    if [ -n "$owner" ]; then
      uid=$(id -u -- "${owner%%:*}") || exit
      case $owner in
        *:*) gid=$(getent group -- "${owner#*:}" | cut -d: -f3)
          [ -n "$gid" ] || { echo "no group called ${owner#*:}" >&2; exit 1; } ;;
        *) gid=$(id -g -- "$owner") || exit ;;
      esac
    fi
    """

  private static let text = """
    \(preamble)
    same() {
      [ -f "$destination" ] && [ ! -L "$destination" ] || return
      set -- $(stat -c "%s %a %u %g" -- "$destination")
      [ "$#" = 4 ] || exit 1
      [ "$1" = "$size" ] && [ "0$2" = "$mode" ] && [ "$3" = "$uid" ] && [ "$4" = "${gid:-$4}" ] || return
      [ "$(sha256sum <"$destination")" = "$digest  -" ]
    }
    if same; then
      echo unchanged
      exit 0
    fi
    case $destination in
      */*) directory=${destination%/*} directory=${directory:-/} ;;
      *) directory=. ;;
    esac
    umask 022
    [ -d "$directory" ] || mkdir -p -- "$directory" || exit
    umask 077
    partial=$destination.stackmake-$RANDOM$RANDOM$RANDOM
    set -o noclobber
    : >"$partial" || exit
    set +o noclobber
    trap 'rm -f -- "$partial"' EXIT
    trap 'exit 1' HUP INT TERM PIPE
    echo different
    dd of="$partial" bs=64K count="$size" iflag=fullblock,count_bytes conv=notrunc,fsync status=none || exit
    if [ "$(sha256sum <"$partial")" != "$digest  -" ]; then
      echo "the contents did not arrive whole, or changed while they were read" >&2
      exit 1
    fi
    if [ -n "$gid" ]; then chown -- "$uid:$gid" "$partial" || exit; fi
    chmod -- "$mode" "$partial" && mv -fT -- "$partial" "$destination" || exit
    trap - EXIT
    sync -- "$directory"
    """
}
