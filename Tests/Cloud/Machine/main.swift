import FoundationEssentials
import Glibc
import SystemPackage
import Targets

// One command for the virt driver: a `Request` on standard input, a `Reply` on standard output.

func readAll() throws -> Data {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = try chunk.withUnsafeMutableBytes { try FileDescriptor.standardInput.read(into: $0) }
    if count == 0 { return Data(bytes) }
    bytes += chunk.prefix(count)
  }
}

var reply: Reply
do {
  let request = try JSONDecoder().decode(Request.self, from: try readAll())
  reply = try await request.reply(ProcessInfo.processInfo.environment, userID: geteuid())
} catch {
  reply = Reply(error: "\(error)")
}
try FileDescriptor.standardOutput.writeAll(Array(try JSONEncoder().encode(reply)))
exit(reply.error == nil ? 0 : 1)
