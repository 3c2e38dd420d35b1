import Glibc
import StackMake

/// What the program asks of the terminal on a descriptor.
enum Terminal {
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Columns and rows as they are now; 80 by 24 where the terminal doesn't say.
  static func size(_ descriptor: Int32) -> TerminalReporter.Size {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return TerminalReporter.Size(width: 80, height: 24)
    }
    return TerminalReporter.Size(width: Int(size.ws_col), height: Int(size.ws_row))
  }

  /// A time in seconds since 1970, as the clock on the wall says it: `14:32`.
  static func time(_ seconds: Double) -> String {
    var (moment, parts) = (time_t(seconds), tm())
    localtime_r(&moment, &parts)
    return "\(parts.tm_hour):\(parts.tm_min < 10 ? "0" : "")\(parts.tm_min)"
  }
}
