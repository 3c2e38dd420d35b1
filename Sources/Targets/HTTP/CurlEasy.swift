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
