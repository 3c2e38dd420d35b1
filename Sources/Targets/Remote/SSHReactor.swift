/// The thread that does all that touches libssh, for every link: tasks hand it commands and wait.
///
/// It starts with the first command.
final class SSHReactor: Sendable {
  enum Message: Sendable {
    case perform(SSHCommand, SSHLink)
    /// A command of it was cancelled, or takes output again.
    case look(SSHLink)
    case resolved(SSHLink, Result<[SocketAddress], SSHFailure>)
    case close(SSHLink, @Sendable () -> Void)
  }

  static let shared = SSHReactor()

  private let inbox = ThreadInbox<Message>()

  /// Brings a command.
  func perform(_ command: SSHCommand, on link: SSHLink) {
    inbox.submit(.perform(command, link)) { [inbox] in
      SSHLoop(inbox: inbox).run()
    } refuse: { message, error in
      guard case .perform(let command, let link) = message else { return }
      let operation = command.request.operation
      command.finish(.failure(ShellError(.failed, host: link.target.host, operation: operation, cause: error.text)))
    }
  }

  /// Has it look at the commands of a link.
  func look(at link: SSHLink) {
    // Where nothing runs there is nothing to look at.
    _ = inbox.submitWhereRunning(.look(link))
  }

  /// Ends what runs on a link, and disconnects.
  func close(_ link: SSHLink) async {
    await withCheckedContinuation { continuation in
      let isRunning = inbox.submitWhereRunning(.close(link) { continuation.resume() })
      if !isRunning { continuation.resume() }
    }
  }

  /// Ends the thread. A later command starts it again.
  func end() async {
    await inbox.close()
  }
}
