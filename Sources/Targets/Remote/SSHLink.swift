import Synchronization

/// The connection to one server as one user: made when first needed, kept, and made anew when lost.
///
/// A reactor does all that touches libssh (`SSHDriver`); tasks hand it commands and handle their output.
final class SSHLink: ExecPerformer {
  let target: SSHTarget
  private let reactor: SSHReactor
  private let hasOwnReactor: Bool
  private let withdrawal = Atomic<Bool>(false)

  init(target: SSHTarget) {
    self.target = target
    // libssh waits while an agent signs, which may ask its user: that must hold up nobody else.
    hasOwnReactor = target.identities.contains { if case .agent = $0 { true } else { false } }
    reactor = hasOwnReactor ? SSHReactor() : .shared
  }

  /// Runs a request to its end. Cancelling the task cancels the request.
  func perform(_ request: ExecRequest) async throws(ShellError) -> ExitStatus {
    let command = SSHCommand(request)
    reactor.perform(command, on: self)
    let outcome = await withTaskCancellationHandler {
      await command.deliver { reactor.look(at: self) }
    } onCancel: {
      request.cancel()
      reactor.look(at: self)
    }
    return try outcome.get()
  }

  /// Nothing that hasn't begun is wanted any more.
  var isWithdrawn: Bool { withdrawal.load(ordering: .acquiring) }

  /// Interrupts what waits for a connection, now and later.
  func withdraw() {
    withdrawal.store(true, ordering: .releasing)
    reactor.look(at: self)
  }

  /// Ends what runs, disconnects, and returns when that is done. A later request connects again.
  func close() async {
    await reactor.close(self)
    if hasOwnReactor { await reactor.end() }
  }
}
