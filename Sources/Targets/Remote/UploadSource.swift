import Crypto
import Glibc
import SystemPackage

/// What is known of the contents of an upload before they are sent.
struct UploadSource: Sendable, Hashable {
  /// SHA-256 in hexadecimal.
  var digest: String
  var size: Int64

  /// Up to this size a file is read where the caller runs: that takes less time than a thread.
  private static let smallSize = 1 << 20

  /// Reads a file as a whole, in pieces; a large one on a thread of its own.
  static func read(_ contents: FileUpload.Contents) async throws(UploadSourceError) -> UploadSource {
    let path: FilePath
    switch contents {
    case .bytes(let bytes): return UploadSource(digest: text(SHA256.hash(data: bytes)), size: Int64(bytes.count))
    case .file(let file): path = file
    }
    var status = stat()
    if path.withPlatformString({ stat($0, &status) }) == 0, status.st_size <= smallSize { return try read(path).get() }
    let result: Result<UploadSource, UploadSourceError>
    do throws(OwnThreadError) {
      result = try await OwnThread.run { read(path) }
    } catch {
      throw UploadSourceError(cause: error.text)
    }
    return try result.get()
  }

  private static func read(_ path: FilePath) -> Result<UploadSource, UploadSourceError> {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
      return try file.closeAfter {
        var hash = SHA256()
        var size: Int64 = 0
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
          let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
          if count == 0 { break }
          buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
          size += Int64(count)
        }
        return .success(UploadSource(digest: text(hash.finalize()), size: size))
      }
    } catch {
      return .failure(UploadSourceError(cause: "can't read `\(path)`: \(error)"))
    }
  }

  private static func text(_ digest: SHA256.Digest) -> String {
    digest.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}

struct UploadSourceError: Error {
  var cause: String
}
