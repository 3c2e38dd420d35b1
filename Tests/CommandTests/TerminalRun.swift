import Foundation
import Glibc
import Support
import Synchronization
import Testing

/// The real program on a terminal of its own, which remembers what is shown.
final class TerminalRun: Sendable {
  private let screen: Mutex<Screen>
  let running: Program.Running
  private let keyboard: Int32

  /// - Parameter width: columns; it has 24 rows.
  init(_ program: Program, _ words: [String], width: Int, environment: [String: String] = [:]) throws {
    var (main, other) = (Int32(-1), Int32(-1))
    var size = winsize(ws_row: 24, ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
    try #require(openpty(&main, &other, nil, nil, &size) == 0)
    for end in [main, other] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    keyboard = main
    screen = Mutex(Screen(width: width, height: 24))
    let terminal = FileHandle(fileDescriptor: other, closeOnDealloc: true)
    running = try program.start(
      words, environment: ["TERM": "xterm", "NO_COLOR": "1"].merging(environment) { $1 }, terminal: terminal)
    Thread { [self, main] in
      var buffer = [UInt8](repeating: 0, count: 4096)
      // At the end of the last one that has it open, reading fails.
      while case let count = read(main, &buffer, buffer.count), count > 0 {
        screen.withLock { $0.write(buffer.prefix(count)) }
      }
      close(main)
    }.start()
  }

  /// What is shown now, without what differs from run to run: times, and the blanks that line columns up by them.
  var text: String {
    screen.withLock(\.text).replacing(/\d+ min \d\d s\b|\b\d+(\.\d)? s\b/, with: "T s").replacing(
      /\d+ min ago/, with: "T s ago"
    )
    .replacing(/(\S) {2,}/) { "\($0.output.1)  " }
  }

  /// Waits until all of these are shown at once.
  func waits(for words: [String]) async throws {
    let isShown = await Program.wait {
      let text = text; return words.allSatisfy(text.contains)
    }
    try #require(isShown, "\(words) isn't shown:\n\(text)")
  }

  /// As if somebody typed it.
  func type(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { Glibc.write(keyboard, $0.baseAddress, $0.count) } }

  func status() async throws -> Int32 { try await running.outcome.value.status }
}
