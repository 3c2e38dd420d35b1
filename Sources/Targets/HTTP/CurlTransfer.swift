import CCurl

/// One exchange as libcurl's transfer: what it is told, and what has come so far. Lives on the client's thread.
final class CurlTransfer {
  let exchange: CurlExchange
  let easy: CurlEasy
  private let settings: HTTPSettings
  private let lines: CurlLines
  private let words: UnsafeMutablePointer<CChar>
  private var head = HTTPHeadReader()
  private var body: [UInt8] = []
  private var isTooLarge = false
  /// The connection stood, and the request was let go.
  private var hasBegun = false
  private var isRepeated = false

  init(_ exchange: CurlExchange, _ settings: HTTPSettings) throws(CurlRefusal) {
    let lines = try CurlLines(Self.headerLines(of: exchange.request))
    let easy = try CurlEasy()
    self.exchange = exchange
    self.settings = settings
    self.lines = lines
    self.easy = easy
    words = .allocate(capacity: Int(CURL_ERROR_SIZE))
    words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try setRequest(exchange.request)
    try setConnection()
    try setCallbacks()
  }

  deinit {
    ccurl_easy_set_pointer(easy.handle, CURLOPT_ERRORBUFFER, nil)
    words.deallocate()
  }

  /// The transfer has ended, and is no longer libcurl's.
  func finish(_ code: CURLcode) {
    if code == CURLE_OK && !head.isWhole {
      fail(HTTPError(.cut, cause: "the connection ended in the head of the answer", mayHaveArrived: true))
    } else if code == CURLE_OK {
      exchange.pending.finish(.success(HTTPResponse(head.status, headers: head.headers, body: body)))
    } else if isTooLarge {
      fail(HTTPError(.tooLarge, cause: "the answer is longer than \(settings.maximumBody) bytes", mayHaveArrived: true))
    } else if isRepeated {
      fail(HTTPError(.cut, cause: "the connection was lost before an answer came", mayHaveArrived: true))
    } else {
      fail(HTTPError(code, cause: String(cString: words), hasBegun: hasBegun))
    }
  }

  func interrupt() {
    fail(HTTPError(.interrupted, cause: "interrupted", mayHaveArrived: hasBegun))
  }

  private func fail(_ error: HTTPError) {
    exchange.pending.finish(.failure(error))
  }

  // MARK: - What libcurl is told

  /// As libcurl wants them: `Name;` is a header without a value, `Name:` takes away one that it would add.
  static func headerLines(of request: HTTPRequest) -> [String] {
    var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
    // Without these, a large body waits a second for a server's leave, and any body is said to be a form.
    for name in ["Expect", "Content-Type"] where request.headers.value(of: name) == nil { lines.append("\(name):") }
    return lines
  }

  private func setRequest(_ request: HTTPRequest) throws(CurlRefusal) {
    try easy.set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(words))
    try easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
    try easy.set(CURLOPT_URL, request.url)
    try easy.set(CURLOPT_FOLLOWLOCATION, false)
    switch request.method {
    case "HEAD": try easy.set(CURLOPT_NOBODY, true)
    case "GET" where request.body.isEmpty, "DELETE" where request.body.isEmpty: try easy.set(CURLOPT_HTTPGET, true)
    default: try easy.setBody(request.body)
    }
    try easy.set(CURLOPT_CUSTOMREQUEST, request.method)
    try easy.set(CURLOPT_HTTPHEADER, lines.pointer)
    try easy.set(CURLOPT_USERAGENT, settings.userAgent)
    try easy.set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
    try easy.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
    // On a connection that was used before and ends before a byte of an answer came, libcurl sends the request again
    // over a new one, by itself and without a word (curl/curl#18417 describes it, and asks for an option against it).
    // The server may well have read the first one. So what may not come twice gets a connection of its own, "instead
    // of trying to re-use an existing one" (curl.se/libcurl/c/CURLOPT_FRESH_CONNECT.html); it is kept for others.
    try easy.set(CURLOPT_FRESH_CONNECT, !request.isIdempotent)
  }

  private func setConnection() throws(CurlRefusal) {
    // What is left of the limit: the wait for a turn counts.
    let left = ContinuousClock.now.duration(to: exchange.deadline)
    try easy.set(CURLOPT_TIMEOUT_MS, max(1, left.milliseconds))
    try easy.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, settings.connectLimit.milliseconds))
    // Timeouts without SIGALRM, which has no place in a program with threads.
    try easy.set(CURLOPT_NOSIGNAL, true)
    // Cancelling, or the limit, doesn't wait for a name server that doesn't answer.
    try easy.set(CURLOPT_QUICK_EXIT, true)
    // Set even when empty: otherwise libcurl looks into the environment of the process.
    try easy.set(CURLOPT_PROXY, settings.proxy(for: exchange.request.url))
    try easy.set(CURLOPT_NOPROXY, settings.proxies["no_proxy"] ?? "")
    try easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
    try easy.set(CURLOPT_SSL_VERIFYPEER, settings.verifies)
    try easy.set(CURLOPT_SSL_VERIFYHOST, settings.verifies ? 2 : 0)
    if settings.caFile != nil || settings.caDirectory != nil {
      // Both, so that the system's authorities are not trusted beside the ones that were asked for.
      try easy.set(CURLOPT_CAINFO, settings.caFile)
      try easy.set(CURLOPT_CAPATH, settings.caDirectory)
    }
    if let certificate = settings.clientCertificate {
      try easy.set(CURLOPT_SSLCERT, certificate)
      try easy.set(CURLOPT_SSLKEY, settings.clientKey ?? certificate)
    }
  }

  private func setCallbacks() throws(CurlRefusal) {
    // The driver holds the transfer until libcurl has let go of it.
    let context = Unmanaged.passUnretained(self).toOpaque()
    try easy.set(CURLOPT_HEADERDATA, context)
    try easy.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let context, let bytes else { return 0 }
      let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().received(line: line)
    }
    try easy.set(CURLOPT_WRITEDATA, context)
    try easy.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let context, let bytes else { return 0 }
      let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().received(part: part)
    }
    try easy.set(CURLOPT_PREREQDATA, context)
    try easy.setPrerequisite { context, _, _, _, _ in
      guard let context else { return CURL_PREREQFUNC_ABORT }
      let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.mayBegin() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
    }
  }

  // MARK: - What libcurl tells

  /// Called "after a connection has been established or a connection has been reused (including any SSL handshaking),
  /// but before any request is actually made" (curl.se/libcurl/c/CURLOPT_PREREQFUNCTION.html), and again before libcurl
  /// repeats a request: which it must not, for one that may not come twice.
  private func mayBegin() -> Bool {
    isRepeated = hasBegun && !exchange.request.isIdempotent
    hasBegun = true
    return !isRepeated
  }

  /// Gives how many bytes were taken; another number than came ends the transfer.
  private func received(line: UnsafeRawBufferPointer) -> Int {
    head.read(line)
    return line.count
  }

  private func received(part: UnsafeRawBufferPointer) -> Int {
    guard part.count <= settings.maximumBody - body.count else {
      isTooLarge = true
      return 0
    }
    body += part
    return part.count
  }
}
