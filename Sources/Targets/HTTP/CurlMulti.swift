import CCurl

/// Many transfers at once, with the connections that they share.
struct CurlMulti: ~Copyable {
  private let handle: UnsafeMutableRawPointer

  init(keptConnections: Int) {
    guard let handle = curl_multi_init() else { preconditionFailure("there is no memory for a handle of libcurl's") }
    // Otherwise libcurl keeps four times as many as there are transfers just then, and connections churn.
    ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, keptConnections)
    self.handle = handle
  }

  /// All transfers must have been removed.
  deinit { curl_multi_cleanup(handle) }

  borrowing func add(_ easy: borrowing CurlEasy) -> Bool {
    curl_multi_add_handle(handle, easy.handle) == CURLM_OK
  }

  borrowing func remove(_ easy: borrowing CurlEasy) {
    curl_multi_remove_handle(handle, easy.handle)
  }

  /// Does all that can be done without waiting.
  borrowing func perform() {
    var running: Int32 = 0
    curl_multi_perform(handle, &running)
  }

  /// A transfer that has ended since the last call, and how.
  borrowing func nextEnd() -> (easy: UnsafeMutableRawPointer, code: CURLcode)? {
    var left: Int32 = 0
    while let message = curl_multi_info_read(handle, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
      return (easy, message.pointee.data.result)
    }
    return nil
  }

  /// Waits until there is something to do for libcurl, or the descriptor can be read.
  borrowing func poll(_ descriptor: Int32, milliseconds: Int32) {
    var extra = curl_waitfd(fd: descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
    curl_multi_poll(handle, &extra, 1, milliseconds, nil)
  }
}
