import ArgumentParser
import FoundationEssentials
import Glibc

@main
enum Main {
  static func main() async {
    // What is written to a pipe that closed is an error like another, not the end.
    signal(SIGPIPE, SIG_IGN)
    raiseOpenFiles()
    let words = CommandWords.ordered(Array(CommandLine.arguments.dropFirst()))
    do {
      var command = try Stackmake.parseAsRoot(words)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let status as ExitStatusError {
      end(status.status)
    } catch {
      // Help and version are no failure; everything else that the parser says is wrong use.
      let isWrongUse = Stackmake.exitCode(for: error) != .success
      let text = Stackmake.fullMessage(for: error)
      Console.write(text + "\n", to: isWrongUse ? .standardError : .standardOutput)
      end(isWrongUse ? 2 : 0)
    }
    end(0)
  }

  /// A connection for each server and a log for each target: 1,024 open files, the usual limit, are too few for a large
  /// cluster. What this machine allows anyway is taken, up to a number that other programs can still walk through.
  private static func raiseOpenFiles() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < 65_536 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    // Where it can't be raised, it stays.
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// Without the clean-up of `exit`, which takes OpenSSL's state from under threads that still close connections: a run
  /// that had done all its work could end with SIGSEGV.
  private static func end(_ status: Int32) -> Never {
    fflush(nil)
    if let loss = Console.loss {
      Console.error("stackmake: error: \(loss)")
      _exit(status == 0 ? ExitStatusError.failed.status : status)
    }
    _exit(status)
  }
}

/// Ends the program with a status, after everything was said.
struct ExitStatusError: Error {
  /// Exit statuses as the manual lists them.
  static let stale = ExitStatusError(status: 1)
  static let wrongUse = ExitStatusError(status: 2)
  static let failed = ExitStatusError(status: 3)
  static let locked = ExitStatusError(status: 4)
  static let held = ExitStatusError(status: 5)
  static let moved = ExitStatusError(status: 6)
  static let interrupted = ExitStatusError(status: 130)

  let status: Int32
}
