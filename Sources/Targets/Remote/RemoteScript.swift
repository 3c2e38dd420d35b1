/// Texts of bash that run on the other side, as `bash --norc -c` runs them; nothing in them is secret.
enum RemoteScript {
  /// The command line that runs one of the texts below, for the user's login shell: any POSIX shell, or fish.
  ///
  /// To start another bash costs as much as all else that a short step does on its server. So where the login shell is
  /// a bash in which the user's start-up files have left no trace that could change a script, it runs the text itself:
  /// `exec` is a function there, which keeps its words for what follows. The lists of options are those of bash 5.2 and
  /// 5.1 when they start; any other bash starts a fresh one. Bash's own syntax is in quotes, for the sake of fish.
  static func commandLine(_ text: String, _ arguments: [String]) -> String {
    let bash = ShellCommand(["bash", "--norc", "-c", text, "bash"] + arguments)
    // All in the first line, from which bash counts the lines of the user's script.
    return "test -n \"$BASH_VERSION\" && eval \(ShellCommand.quoted(keepWords)) || true; exec \(bash); "
      + "eval \(ShellCommand.quoted(runWords))"
  }

  private static let keepWords = """
    [ "$SHELLOPTS" = braceexpand:hashall:interactive-comments ] && case $BASHOPTS in \
    \(options)) ! compgen -A function >/dev/null ;; \
    *) false; esac && exec() { stackmake_words=("$@"); }
    """

  private static let runWords = """
    unset -f exec; set -- "${stackmake_words[@]}"; unset -v stackmake_words; IFS=$' \\t\\n'; \
    trap - EXIT ERR DEBUG RETURN; eval "shift 5; $4"
    """

  /// A text that runs `preamble`, then the script in the variable `stackmake_script`, whose first line is line 1 in what
  /// bash says of it: the text has no line end. The preamble has neither `'` nor a backslash, which shells take for
  /// different things.
  static func lineOne(after preamble: String) -> String {
    "eval $'\(preamble.replacing("\n", with: "\\n"))'; eval \"unset stackmake_script; $stackmake_script\""
  }

  private static let options = """
    checkwinsize:cmdhist:complete_fullquote:extquote:force_fignore:globasciiranges:globskipdots:hostcomplete:\
    interactive_comments:patsub_replacement:progcomp:promptvars:sourcepath | \
    checkwinsize:cmdhist:complete_fullquote:extquote:force_fignore:globasciiranges:hostcomplete:\
    interactive_comments:progcomp:promptvars:sourcepath
    """

  /// Reads a script of `$1` bytes from standard input and runs it, if it arrived whole, in the directory `$2`, or in
  /// the user's home where that is empty.
  ///
  /// The script is kept in a variable: it is never on a command line nor on disk. What remains of standard input goes
  /// to a watcher, which is a copy of this very shell: on a server with little to do, starting more programs would cost
  /// more than the script. It ends all others of the script's session (TERM, after 5 s KILL) when told to with the word
  /// `T`, and when the input ends while the script runs, which is how a lost connection shows here. After the script's
  /// own end the watcher touches nothing: what was left running on purpose stays. A signal that the script sends to its
  /// whole group doesn't end the watcher, however early: it is born with these signals ignored.
  ///
  /// Two traps are minded: `wait` in the script must not wait for the watcher, so it is disowned; and sshd gives socket
  /// pairs, which can't be opened again by name.
  static let run = lineOne(
    after: """
      cd -- "${2:-$HOME}" || exit
      stackmake_script=
      stackmake_read() {
        local LC_ALL=C
        [ "$1" = 0 ] || IFS= read -r -N "$1" stackmake_script
        [ "${#stackmake_script}" = "$1" ]
      }
      stackmake_read "$1" || { echo "stackmake: the script did not arrive whole, and was not run" >&2; exit 125; }
      exec 3<&0 </dev/null
      trap "" HUP INT QUIT TERM
      {
        unset stackmake_script
        session=$$ spared=$BASHPID
        \(watch)
      } <&3 3<&- >/dev/null 2>&1 &
      trap - HUP INT QUIT TERM
      disown 2>/dev/null
      exec 3<&-
      unset -f stackmake_read
      set --
      set -euo pipefail
      """)

  /// Sent to the watcher.
  static let stopWord = Array("T\n".utf8)

  /// Defines `members`, which prints the processes of session `$session` that run, but for `$spared` and itself, and `strike SIGNAL`, which
  /// signals them, as root where sudo allows it: a script may have started commands through sudo.
  static let sessionFunctions = """
    members() {
      local file line pid
      for file in /proc/[0-9]*/stat; do
        line=
        { read -r line <"$file"; } 2>/dev/null || continue
        pid=${line%% *}
        line=${line##*) }
        set -- $line
        [ "$4" = "$session" ] && [ "$1" != Z ] && [ "$pid" != "$spared" ] && [ "$pid" != "$BASHPID" ] && echo "$pid"
      done
    }
    strike() {
      local pids
      pids=$(members)
      [ -n "$pids" ] || return 1
      kill -s "$1" $pids 2>/dev/null
      [ "$EUID" = 0 ] || sudo -n kill -s "$1" $pids 2>/dev/null
      return 0
    }
    finish() {
      local end=$((SECONDS + 6))
      strike TERM || return
      while [ "$SECONDS" -lt "$end" ]; do
        sleep 0.1
        [ -n "$(members)" ] || return
      done
      strike KILL
    }
    """

  private static let watch = """
    \(sessionFunctions)
    told=
    while IFS= read -r word; do
      if [ "$word" = T ]; then told=1; break; fi
    done
    if [ -z "$told" ]; then
      { read -r line <"/proc/$session/stat"; } 2>/dev/null || exit 0
      line=${line##*) }
      case $line in Z*|X*) exit 0 ;; esac
    fi
    finish
    """
}

extension RemoteScript {
  /// The bytes of a script to send. bash's variables can't hold NUL.
  static func bytes(of script: String, host: String, operation: String) throws(ShellError) -> [UInt8] {
    let bytes = Array(script.utf8)
    guard !bytes.contains(0) else {
      throw ShellError(.failed, host: host, operation: operation, cause: "the script has a NUL character in it")
    }
    return bytes
  }
}
