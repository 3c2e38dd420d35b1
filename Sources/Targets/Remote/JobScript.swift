/// The remote half of jobs: scripts that run at most once, outlive the connection, and can be followed by any number of
/// stackmakes.
///
/// A job is a directory on the server, `~/.stackmake/jobs/ID` (mode 0700), which any starter makes where it is missing:
///
/// | file | written by | meaning |
/// | --- | --- | --- |
/// | `script.TOKEN` `environment.TOKEN` `supervisor.TOKEN` | its starter | what its supervisor reads and removes |
/// | `lock` | | locked (flock) by a supervisor for its whole life, so that the kernel tells whether it lives |
/// | `started` | one supervisor | token, boot id and process id of the one that runs it; synced before |
/// | `log` | the script | standard output and error, as they came |
/// | `status` | the supervisor | `exited N`, or `signaled TERM` after a timeout; synced, then renamed |
///
/// **At most once.** A starter that finds no `started` launches a supervisor; so do others, on other hosts, and it
/// doesn't matter how many they are or where they die. A supervisor first takes the lock, waiting for it as long as
/// there is no `started`; with the lock it looks for `started`, and ends if there is one; else it links `started` into
/// place (link fails where the name exists, so that this is decided once even without the lock), syncs the directory,
/// and only then runs the script. A supervisor that died before that has run nothing, and the next one may; one that
/// died after it has claimed the job for good.
///
/// **Its end.** `status` says how it ended. Its room on the disk is taken before the script starts, and written over at
/// the end: the end of a script that fills the disk is known, too. Without `status`, `started` and a free lock mean that
/// nobody will ever write it: the job is lost, by a reboot where the boot id is another one, else by the death of its
/// supervisor.
///
/// A supervisor is a transient unit of systemd's where there is systemd and root (or sudo), so that nothing that
/// becomes of the login's session touches it, and so that what the script leaves behind ends with it; else a session of
/// its own.
enum JobScript {
  /// Starts the job where it has not started (reading a script of `size` bytes from standard input), then follows its
  /// log from `offset`.
  static func startAndFollow(_ job: RemoteJob, at place: ScriptPlace, token: String, size: Int, offset: Int64) -> String
  {
    let limit = job.timeout.map(seconds) ?? ""
    return RemoteScript.commandLine(
      start + "\n" + follow,
      [
        job.id, place.jobs, String(offset), token, String(size), limit, supervisor, place.directory,
        place.usesUnits ? "units" : "",
      ])
  }

  /// Follows a job that has started.
  static func follow(_ id: String, at place: ScriptPlace, offset: Int64) -> String {
    RemoteScript.commandLine(preamble + "\n" + follow, [id, place.jobs, String(offset)])
  }

  static func state(_ id: String, at place: ScriptPlace) -> String {
    RemoteScript.commandLine(preamble + "\nstate\necho \"$state\"", [id, place.jobs, "0"])
  }

  /// Ids name directories, and parts of units' names.
  static func isValid(id: String) -> Bool {
    let isPlain = id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "+"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    return isPlain && (1...200).contains(id.utf8.count) && id != "." && id != ".."
  }

  private static func seconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = String(attoseconds / 1_000_000_000_000_000)
    return "\(seconds).\(String(repeating: "0", count: 3 - milliseconds.count))\(milliseconds)"
  }

  /// `state` sets `state` to `none`, `running`, `exited N`, `signaled NAME` or `lost REASON`. The status is looked for
  /// again once the lock was seen free: the supervisor may have written it in between.
  private static let preamble = """
    job=${2:-$HOME/.stackmake/jobs}/$1 offset=$3
    state() {
      local boot
      state=none
      [ -e "$job/started" ] || return
      [ -e "$job/status" ] || {
        if ! flock -n -s "$job/lock" true; then state=running; return; fi
      }
      if [ -e "$job/status" ]; then
        read -r state <"$job/status"
        return
      fi
      { read -r boot; read -r boot; } <"$job/started"
      state="lost its supervisor was killed"
      [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || state="lost the machine was booted since"
    }
    """

  private static let start = """
    mask=$(umask)
    umask 077
    \(preamble)
    token=$4 size=$5 limit=$6 supervisor=$7 directory=${8:-$HOME} units=$9
    script=$(head -c "$size"; printf .)
    script=${script%.}
    whole() { local LC_ALL=C; [ "${#script}" = "$size" ]; }
    whole || { echo "the script did not arrive whole, and was not started" >&2; exit 1; }
    environment() {
      local name
      echo "umask $mask"
      for name in $(compgen -e); do
        case $name in
          SSH_*|XDG_SESSION_*|SHLVL|PWD|OLDPWD|_) ;;
          *) declare -p "$name" ;;
        esac
      done
    }
    launch() {
      local unit=stackmake-job-${1//+/_}-$token.service through=
      [ "$EUID" = 0 ] || through="sudo -n"
      if [ "$units" ] && [ -d /run/systemd/system ] && $through systemd-run --quiet --collect --unit="$unit" \\
        --uid="$(id -un)" --gid="$(id -gn)" -p KillMode=control-group -p TimeoutStopSec=10 \\
        -p OOMPolicy=continue -p TasksMax=infinity -- \\
        "$BASH" --norc "$job/supervisor.$token" "$job" "$token" "$limit" "$directory"
      then
        return
      fi
      setsid -f env -i PATH="$PATH" "$BASH" --norc "$job/supervisor.$token" "$job" "$token" "$limit" "$directory" \\
        >/dev/null 2>&1
    }
    mkdir -p "$job" || exit
    if [ ! -e "$job/started" ]; then
      environment >"$job/environment.$token" && printf %s "$script" >"$job/script.$token" &&
        printf "%s\\n" "$supervisor" >"$job/supervisor.$token" || exit
      said=$(launch "$1" 2>&1 </dev/null)
      for count in {1..600}; do
        [ ! -e "$job/started" ] || break
        sleep 0.05
      done
      [ -e "$job/started" ] || { echo "its supervisor does not start: $said" >&2; exit 1; }
    fi
    """

  /// The log goes to standard output and nothing else does, so that the reader can count its bytes. What there is to
  /// say goes to standard error: first `started TOKEN`, at last the state. Ends when standard input does: the reader
  /// has gone.
  private static let follow = """
    state
    if [ "$state" = none ]; then echo "state none" >&2; exit; fi
    read -r starter <"$job/started"
    echo "started $starter" >&2
    pause=0.05 round=0
    while :; do
      size=$(stat -c %s "$job/log")
      if [ "$size" -gt "$offset" ]; then
        tail -c "+$((offset + 1))" "$job/log" | head -c "$((size - offset))"
        offset=$size
      elif [ "$state" != running ]; then
        echo "state $state" >&2
        exit
      fi
      if [ "$state" = running ]; then
        read -r -t "$pause"
        [ $? -gt 128 ] || exit
        round=$((round + 1))
        [ "$round" -lt 20 ] || pause=0.2
        if [ -e "$job/status" ] || [ $((round % 10)) = 0 ]; then state; fi
      fi
    done
    """

  /// Runs from a file: job's directory, token, limit in seconds (empty: none) and the script's directory are its
  /// arguments.
  ///
  /// The script runs in a session of its own, by a bash that reads it from a file which has no name any more. That bash
  /// is the child of a subshell that waits for it and holds the lock as well: killing the supervisor alone can't make a
  /// job look lost while its script runs. A shell sees its child's death by a signal as an exit status of 128 and the
  /// signal's number, and so does the status of a job; a timeout is told apart. TERM, as a machine sends it to all when
  /// it goes down, is for the script: the supervisor stays to write how it ended.
  private static let supervisor = """
    umask 077
    sm_job=$1 sm_token=$2 sm_limit=$3 sm_directory=$4
    cd "$sm_job" || exit
    discard() { rm -f "script.$sm_token" "environment.$sm_token" "supervisor.$sm_token"; }
    trap : TERM HUP INT
    exec 9>>lock
    until flock -n 9; do
      [ ! -e started ] || { discard; exit; }
      sleep 0.05
    done
    [ ! -e started ] || { discard; exit; }
    exec 8<"script.$sm_token" || exit
    source "./environment.$sm_token" || exit
    sm_mask=$(umask)
    umask 077
    >>log
    rm -f process timed-out
    { echo "$sm_token"; cat /proc/sys/kernel/random/boot_id; echo "$$"; } >"started.$sm_token" || exit
    printf "%-31s\\n" reserved >status.partial || exit
    sync "started.$sm_token" status.partial log || exit
    ln "started.$sm_token" started || { discard; exit; }
    rm -f "started.$sm_token"
    discard
    sync .
    unset INVOCATION_ID JOURNAL_STREAM SYSTEMD_EXEC_PID
    \(RemoteScript.sessionFunctions)
    if [ -n "$sm_limit" ]; then
      (
        exec 8<&- 9>&-
        sleep "$sm_limit" & pause=$!
        trap "kill $pause; exit" TERM
        wait "$pause"
        trap : TERM
        >timed-out
        echo "stackmake: it took longer than $sm_limit seconds, and was ended" >>log
        read -r session <process && finish
      ) &
      sm_timer=$!
    fi
    (
      trap : TERM HUP INT
      umask "$sm_mask"
      cd -- "$sm_directory" || exit
      setsid bash --norc -c \(ShellCommand.quoted(body)) bash "$sm_job" 9>&- >>"$sm_job/log" 2>&1 </dev/null
      exit "$?"
    )
    sm_code=$?
    if [ -n "$sm_limit" ]; then
      [ -e timed-out ] || kill "$sm_timer"
      wait "$sm_timer"
    fi
    sm_end="exited $sm_code"
    [ ! -e timed-out ] || sm_end="signaled TERM"
    sync log
    printf "%-31s\\n" "$sm_end" 1<>status.partial && sync status.partial && mv -f status.partial status && sync .
    """

  private static let body = RemoteScript.lineOne(
    after: """
      echo "$$" >"$1/process"
      stackmake_script=$(cat <&8; printf .)
      stackmake_script=${stackmake_script%.}
      exec 8<&-
      set --
      set -euo pipefail
      """)
}
