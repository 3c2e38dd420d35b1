import CCurl

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
