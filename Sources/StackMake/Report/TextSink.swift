import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Where text goes: a terminal, a pipe, a file, or a test's own list.
package protocol TextSink: Sendable {
  /// All of it, or nothing more can be done about it: nobody is left to tell.
  func write(_ text: String)
}

/// A file descriptor that somebody else opened and closes.
package struct DescriptorSink: TextSink {
  private let descriptor: Int32

  package init(descriptor: Int32) { self.descriptor = descriptor }

  package func write(_ text: String) { _ = put(text) }

  /// Blocks while the reader is slow, also where the descriptor doesn't block by itself.
  ///
  /// - Returns: why not all of it could be written; 0 where it was.
  package func put(_ text: String) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno == EAGAIN {
          var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&poller, 1, 1000)
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }
}
