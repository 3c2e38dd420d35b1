import CCurl

extension HTTPError {
  /// What libcurl's result means. `cause` is what it wrote into the error buffer; where that is empty, its general
  /// words for the code are taken. `hasBegun`: the request was let go.
  init(_ result: CURLcode, cause: String, hasBegun: Bool) {
    let cause = cause.isEmpty ? String(cString: curl_easy_strerror(result)) : cause
    self.init(Self.code(of: result, cause: cause, hasBegun: hasBegun), cause: cause, mayHaveArrived: hasBegun)
  }

  private static func code(of result: CURLcode, cause: String, hasBegun: Bool) -> Code {
    switch result {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
    case CURLE_COULDNT_CONNECT, CURLE_PROXY: .connect
    // OpenSSL has an error number for what it dislikes. Without one, the connection was lost in the handshake.
    case CURLE_SSL_CONNECT_ERROR: cause.contains("error:") || cause.contains("alert") ? .tls : .connect
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
      CURLE_USE_SSL_FAILED:
      .tls
    case CURLE_OPERATION_TIMEDOUT: .timeout
    // With TLS 1.3 a server refuses the client's certificate only after the handshake, while the request is under way.
    case CURLE_RECV_ERROR where cause.contains("alert"), CURLE_SEND_ERROR where cause.contains("alert"): .tls
    case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM,
      CURLE_SEND_FAIL_REWIND:
      // Before the request: a proxy that refuses the tunnel, say.
      hasBegun ? .cut : .connect
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .invalid
    default: .other
    }
  }
}
