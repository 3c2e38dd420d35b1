/// Requests over the system's libcurl: connections are kept and used again, HTTP/2 is spoken where a server with TLS
/// offers it, packed bodies are unpacked.
///
/// A thread of its own does all that touches libcurl (`CurlDriver`); tasks hand it exchanges and wait. It is started
/// with the first request, and ends when the client is closed or nobody holds it any more.
package final class CurlHTTP: HTTP {
  private let settings: HTTPSettings
  private let inbox = ThreadInbox<CurlExchange>()

  package init(_ settings: HTTPSettings = HTTPSettings()) {
    self.settings = settings
  }

  deinit { inbox.beginClosing() }

  package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    if let problem = request.problem { throw HTTPError(.invalid, cause: problem, mayHaveArrived: false) }
    // Who has left already sends nothing: once it is handed over, it may be done before anybody looks.
    if Task.isCancelled { throw HTTPError(.interrupted, cause: "interrupted", mayHaveArrived: false) }
    let exchange = CurlExchange(request)
    inbox.submit(exchange) { [inbox, settings] in
      CurlDriver(inbox: inbox, settings: settings).run()
    } refuse: { exchange, error in
      exchange.refuse(.other, error.text)
    }
    let outcome = await withTaskCancellationHandler {
      await exchange.pending.outcome()
    } onCancel: {
      exchange.pending.cancel()
      inbox.wakeup.wake()
    }
    return try outcome.get()
  }

  /// Interrupts what runs, disconnects, and returns when that is done. A later request connects again.
  package func close() async {
    await inbox.close()
  }
}
