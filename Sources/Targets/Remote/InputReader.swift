import SystemPackage

/// What goes to a command's standard input, a piece at a time: a large file is never in memory as a whole.
final class InputReader {
  struct Failure: Error {
    var text: String
  }

  /// The other side was told that nothing more comes.
  var isClosed = false

  /// What is still to be heard before anything is sent.
  private var cue: ArraySlice<UInt8>
  private var pending: ArraySlice<UInt8>
  private var source: (path: FilePath, left: Int64)?
  private var file: FileDescriptor?

  private static let pieceSize = 64 * 1024

  init(_ request: ExecRequest) {
    cue = request.inputCue[...]
    switch request.input {
    case .bytes(let bytes): pending = bytes[...]
    case .file(let path, let size):
      pending = []
      source = (path, size)
    }
  }

  deinit {
    // It was only read from: closing can't lose anything.
    try? file?.close()
  }

  /// It isn't known yet whether there will be anything to send.
  var isWaiting: Bool { !cue.isEmpty }

  /// Takes what the command wrote to its standard output.
  func heard(_ bytes: some Sequence<UInt8>) {
    guard isWaiting else { return }
    for byte in bytes {
      guard let wanted = cue.popFirst() else { return }
      if byte != wanted {
        // It doesn't want it.
        cue = []
        pending = []
        source = nil
      }
    }
  }

  /// What comes next; empty at the end, and while it waits. The same again until some of it is consumed.
  func next() throws(Failure) -> ArraySlice<UInt8> {
    if isWaiting { return [] }
    guard pending.isEmpty, let source, source.left > 0 else { return pending.prefix(Self.pieceSize) }
    do {
      let file = try file ?? FileDescriptor.open(source.path, .readOnly, options: .closeOnExec)
      self.file = file
      let wanted = Int(min(Int64(Self.pieceSize), source.left))
      let piece = try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
      guard !piece.isEmpty else { throw Failure(text: "`\(source.path)` became shorter while it was read") }
      self.source?.left -= Int64(piece.count)
      pending = piece[...]
      return pending
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(text: "can't read `\(source.path)`: \(error)")
    }
  }

  func consume(_ count: Int) {
    pending = pending.dropFirst(count)
  }

  /// More of it, after what is there.
  func append(_ bytes: [UInt8]) {
    pending += bytes
  }
}
