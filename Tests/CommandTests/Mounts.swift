import Testing

extension Program {
  /// Runs `body` while the program's directory is a file system in memory of its own, of this size (`512k`), with this
  /// Stackfile in it.
  func onSmallDisk(_ size: String, _ stackfile: String, _ body: () async throws -> Void) async throws {
    try await Self.host("mount", "-t", "tmpfs", "-o", "size=\(size),mode=0700", "none", path)
    try await unmounting {
      try write("Stackfile", stackfile)
      try await body()
    }
  }

  /// Runs `body` while the program's directory can't be written to.
  func onReadOnlyDisk(_ body: () async throws -> Void) async throws {
    try await Self.host("mount", "--bind", path, path)
    try await unmounting {
      try await Self.host("mount", "-o", "remount,bind,ro", path)
      try await body()
    }
  }

  private func unmounting(_ body: () async throws -> Void) async throws {
    let result: Result<Void, any Error>
    do {
      try await body()
      result = .success(())
    } catch {
      result = .failure(error)
    }
    // Lazily: what a step left running may still be in it.
    try await Self.host("umount", "--lazy", path)
    try result.get()
  }

  private static func host(_ words: String...) async throws {
    let end = try await RunningProgram(
      "/usr/bin/env", words, in: "/", environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    ).wait()
    try #require(end.status == 0, "\(words): \(end)")
  }
}
