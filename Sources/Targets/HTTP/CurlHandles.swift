import CCurl

/// libcurl says no. Its words are in the transfer's error buffer, or else in `curl_easy_strerror`.
struct CurlRefusal: Error {
  var code: CURLcode
}

/// One transfer of libcurl's.
struct CurlEasy: ~Copyable {
  let handle: UnsafeMutableRawPointer

  init() throws(CurlRefusal) {
    guard Self.isLibraryReady, let handle = curl_easy_init() else { throw CurlRefusal(code: CURLE_FAILED_INIT) }
    self.handle = handle
  }

  deinit { curl_easy_cleanup(handle) }

  /// Once for the process, before any other call.
  private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  borrowing func set(_ option: CURLoption, _ value: Int) throws(CurlRefusal) {
    try Self.check(ccurl_easy_set_long(handle, option, value))
  }

  borrowing func set(_ option: CURLoption, _ value: Bool) throws(CurlRefusal) {
    try set(option, value ? 1 : 0)
  }

  /// libcurl copies the text. nil takes a default away.
  borrowing func set(_ option: CURLoption, _ value: String?) throws(CurlRefusal) {
    try Self.check(ccurl_easy_set_text(handle, option, value))
  }

  /// libcurl copies the bytes.
  borrowing func setBody(_ bytes: [UInt8]) throws(CurlRefusal) {
    try Self.check(ccurl_easy_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count)))
    // An empty array may have no address, and without one libcurl would ask a callback for the body.
    guard !bytes.isEmpty else { return try set(CURLOPT_COPYPOSTFIELDS, "") }
    try Self.check(
      bytes.withUnsafeBytes { bytes in
        ccurl_easy_set_text(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
      })
  }

  /// What is behind the pointer must outlive the transfer.
  borrowing func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) throws(CurlRefusal) {
    try Self.check(ccurl_easy_set_pointer(handle, option, value))
  }

  borrowing func set(_ option: CURLoption, _ receiver: @escaping curl_write_callback) throws(CurlRefusal) {
    try Self.check(ccurl_easy_set_receiver(handle, option, receiver))
  }

  borrowing func setPrerequisite(_ callback: @escaping curl_prereq_callback) throws(CurlRefusal) {
    try Self.check(ccurl_easy_set_prerequisite(handle, callback))
  }

  private static func check(_ code: CURLcode) throws(CurlRefusal) {
    guard code == CURLE_OK else { throw CurlRefusal(code: code) }
  }
}

/// Many transfers at once, with the connections that they share.
struct CurlMulti: ~Copyable {
  private let handle: UnsafeMutableRawPointer

  init?(keptConnections: Int) {
    guard let handle = curl_multi_init() else { return nil }
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

/// Lines that libcurl reads while a transfer runs.
struct CurlLines: ~Copyable {
  private let list: UnsafeMutablePointer<curl_slist>?

  init(_ lines: [String]) throws(CurlRefusal) {
    var list: UnsafeMutablePointer<curl_slist>?
    for line in lines {
      guard let longer = curl_slist_append(list, line) else {
        curl_slist_free_all(list)
        throw CurlRefusal(code: CURLE_OUT_OF_MEMORY)
      }
      list = longer
    }
    self.list = list
  }

  deinit { curl_slist_free_all(list) }

  /// nil where there are none.
  var pointer: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(list) }
}
