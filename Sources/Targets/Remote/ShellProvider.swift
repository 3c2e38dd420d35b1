package import StackMake

/// Gives the shell for a place, one for each place, address and user, kept while the program runs.
package protocol ShellProvider: Sendable {
  /// The shell of a server: its `outputs` say address and pinned host keys (`ServerOutputs`).
  func shell(at site: StepSite) throws(ShellError) -> any Shell
  /// Why nobody takes a connection at an address at this moment; nil where somebody does, whoever it is.
  func refusal(address: String, port: UInt16) async -> String?
  /// The shell of this machine, in the Stackfile's directory.
  var here: any Shell { get }
  /// Closes the connections to one server, so that the next shell of it is another one.
  func close(server: String) async
  /// Closes every connection.
  func close() async
}
