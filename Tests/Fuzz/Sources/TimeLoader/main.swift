import StackMake
import Support
import SystemPackage

// Loads the Stackfile at the path given, twelve times, and prints each time: `swift run -c release TimeLoader FILE`.
let path = CommandLine.arguments[1]
let file = try FileDescriptor.open(FilePath(path), .readOnly)
var bytes = [UInt8](repeating: 0, count: Int(try file.seek(offset: 0, from: .end)))
_ = try file.seek(offset: 0, from: .start)
try bytes.withUnsafeMutableBytes { buffer in
  var filled = 0
  while filled < buffer.count {
    filled += try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
  }
}
let files = InMemoryFileSystem(["Stackfile": .init(bytes: bytes)])
for _ in 0..<12 {
  let clock = ContinuousClock()
  let start = clock.now
  let result = Loader(fileSystem: files, dialect: .small).load("Stackfile")
  let elapsed = clock.now - start
  print(
    elapsed, result.graph?.count ?? 0,
    DiagnosticRenderer(sources: result.sources).render(Array(result.diagnostics.prefix(3))))
}
