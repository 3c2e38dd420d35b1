/// The connection to one server as one user: made when first needed, kept, and made anew when lost.
///
/// A thread of its own does all that touches libssh (`SSHDriver`); tasks hand it requests and wait. It is started with
/// the first request and ends when the link is closed.
final class SSHLink: ExecPerformer {
  let target: SSHTarget
  private let inbox = ThreadInbox<ExecRequest>()

  init(target: SSHTarget) {
    self.target = target
  }

  /// Runs a request to its end. Cancelling the task cancels the request.
  func perform(_ request: ExecRequest) async throws(ShellError) -> ExitStatus {
    inbox.submit(request) { [inbox, target] in
      SSHDriver(inbox: inbox, target: target).run()
    } refuse: { request, error in
      request.pending.finish(
        .failure(ShellError(.failed, host: target.host, operation: request.operation, cause: error.text)))
    }
    let outcome = await withTaskCancellationHandler {
      await request.pending.outcome()
    } onCancel: {
      request.pending.cancel()
      inbox.wakeup.wake()
    }
    return try outcome.get()
  }

  /// Ends what runs, disconnects, and returns when that is done. A later request connects again.
  func close() async {
    await inbox.close()
  }
}
