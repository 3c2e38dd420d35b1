import StackMake
import Support

/// What libFuzzer calls with each input. An input is a Stackfile; a line `%%% PATH` in it begins another file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  check(Array(UnsafeBufferPointer(start: data, count: size)))
  return 0
}

/// Loads the input, draws its diagnostics, and traps where one of them lies outside its file.
func check(_ input: [UInt8]) {
  let files = split(input)
  let fileSystem = InMemoryFileSystem(files)
  var loader = Loader(
    fileSystem: fileSystem, dialect: .small,
    packs: ["pack": Array("stacked/%:\n    once\n        true\nPACKED ?= yes\n".utf8)],
    environment: ["HOME": "/home/fuzz"], overrides: [("override", "{{ flavor }}")])
  loader.limits.places = 40
  loader.limits.files = 40
  loader.limits.text = 1 << 16
  loader.limits.depth = 30
  let result = loader.load("Stackfile")
  precondition((result.graph == nil) == !result.diagnostics.isEmpty, "a graph with errors, or none without")
  for diagnostic in result.diagnostics {
    for range in [diagnostic.range] + diagnostic.notes.map(\.range) {
      guard let range else { continue }
      precondition(range.start <= range.end, "a range that ends before it starts")
      precondition(Int(range.end) <= result.sources[range.file].bytes.count, "a range beyond its file")
    }
  }
  // Drawing takes longer than all else: a few of them are enough.
  let text = DiagnosticRenderer(sources: result.sources).render(Array(result.diagnostics.prefix(3)))
  precondition(text.isEmpty == result.diagnostics.isEmpty, "diagnostics without a text")
  if let graph = result.graph {
    _ = graph.goals([])
    _ = graph.goals(["*", "stacked/compute-[0-9]", "nothing"])
  }
}

/// The files in an input: what is before the first `%%% PATH` is the Stackfile.
private func split(_ input: [UInt8]) -> [String: InMemoryFileSystem.File] {
  var files: [String: [UInt8]] = ["Stackfile": []]
  var path = "Stackfile"
  let marker = Array("%%% ".utf8)
  for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    if line.starts(with: marker), files.count < 6 {
      // No path of a system holds a NUL.
      path = String(decoding: line.dropFirst(marker.count).prefix(100).filter { $0 != 0 }, as: UTF8.self)
      files[path] = []
    } else {
      files[path, default: []] += line + [UInt8(ascii: "\n")]
    }
  }
  // An input without a newline at its end is a file without one.
  _ = files[path]?.popLast()
  return files.mapValues { InMemoryFileSystem.File(bytes: $0) }
}
