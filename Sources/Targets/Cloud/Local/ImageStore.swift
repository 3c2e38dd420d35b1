import FoundationEssentials
import SystemPackage

/// The base images of this host: built once each, when first needed, by a script of their own.
struct ImageStore: Sendable {
  let cache: FilePath
  let programs: HostPrograms
  let surroundings: HostSurroundings
  let clock: any Clock<Duration>
  let progress: @Sendable (String) -> Void

  /// What is written beside an image.
  private struct Manifest: Codable {
    var name: String
    var id: String
    var suite: String
    var sources: [String]
    var packages: [String]
    var checksum: String
    var properties: [String: String]
  }

  /// The directory of the image, built now if it isn't there. Many may ask at once, in many processes: one builds.
  func base(_ recipe: ImageRecipe) async throws(CloudError) -> FilePath {
    let place = ImagePlace(cache: cache, recipe: recipe, surroundings: surroundings)
    let operation = "build the image `\(recipe.image)`"
    var launches = 0
    var said = ""
    // Half an hour, which no mirror that is worth waiting for needs.
    for _ in 0..<9000 {
      let seen = try await offload { () throws(CloudError) in
        (
          built: DiskFile.exists(place.base), status: try DiskFile.text(place.status),
          running: FileLock.isHeld(place.lock), log: try DiskFile.text(place.log) ?? ""
        )
      }
      if seen.built { return place.base }
      if let line = seen.log.split(separator: "\n").last(where: { $0.hasPrefix("I: ") }), line != said, launches > 0 {
        said = String(line)
        progress("image `\(recipe.image)`: \(line.dropFirst(3))")
      }
      if !seen.running {
        if launches > 0, let status = seen.status { throw failure(operation, status, seen.log) }
        guard launches < 3 else { throw failure(operation, "its builder was killed", seen.log) }
        if try await launch(recipe, place, operation) { launches += 1 }
      }
      try await pause(operation, .milliseconds(200))
    }
    throw CloudError(.failed, operation: operation, cause: "not done within half an hour", hint: "see \(place.log)")
  }

  /// Starts the builder, unless somebody else is doing just that; returns once it runs or has ended.
  private func launch(_ recipe: ImageRecipe, _ place: ImagePlace, _ operation: String) async throws(CloudError) -> Bool
  {
    try await offload { () throws(CloudError) in try DiskFile.makeDirectory(cache) }
    guard let lock = try FileLock.attempt(place.launching) else { return false }
    let result: Result<Bool, CloudError>
    do throws(CloudError) {
      result = .success(try await launchAlone(recipe, place, operation))
    } catch {
      result = .failure(error)
    }
    lock.release()
    return try result.get()
  }

  private func launchAlone(
    _ recipe: ImageRecipe, _ place: ImagePlace, _ operation: String
  ) async throws(CloudError) -> Bool {
    let runs: @Sendable () -> Bool = { DiskFile.exists(place.base) || FileLock.isHeld(place.lock) }
    // Looked at again, now that nobody else can start one.
    if try await offload({ () throws(CloudError) in runs() }) { return false }
    progress("building the base image `\(recipe.image)` with mmdebstrap, once on this host (about a minute)")
    try await offload { () throws(CloudError) in try prepare(recipe, place) }
    try await programs.launch(operation, ["bash", place.script.string])
    for _ in 0..<300 {
      if try await offload({ () throws(CloudError) in runs() || DiskFile.exists(place.status) }) { break }
      try await pause(operation, .milliseconds(10))
    }
    return true
  }

  /// Why an image that isn't built yet can't be had; nil where it is, or can.
  func problem(_ recipe: ImageRecipe) async throws(CloudError) -> String? {
    let place = ImagePlace(cache: cache, recipe: recipe, surroundings: surroundings)
    if try await offload({ () throws(CloudError) in DiskFile.exists(place.base) }) { return nil }
    let url = "\(recipe.mirrors.main)/dists/\(recipe.suite)/InRelease"
    // apt's own downloader, since apt's settings say how the mirror is reached.
    let output = try await programs.run(
      "bash",
      [
        "-c",
        "d=$(mktemp -d) && cd \"$d\" && timeout 30 /usr/lib/apt/apt-helper -o APT::Sandbox::User=root "
          + "download-file \"$0\" InRelease 2>&1; s=$?; rm -rf \"$d\"; exit $s", url,
      ])
    if output.status == 0 { return nil }
    let last = output.text.split(separator: "\n").last { $0.hasPrefix("E:") } ?? "exit status \(output.status)"
    return "image `\(recipe.image)` isn't built yet, and \(url) can't be fetched: \(last)"
  }

  private func prepare(_ recipe: ImageRecipe, _ place: ImagePlace) throws(CloudError) {
    for (path, text) in surroundings.imageFiles {
      let file = place.files.pushing(FilePath(path))
      try DiskFile.makeDirectory(file.removingLastComponent())
      try DiskFile.write(text, to: file)
    }
    let manifest = Manifest(
      name: recipe.image, id: recipe.id, suite: recipe.suite, sources: recipe.sources, packages: ImageRecipe.packages,
      checksum: recipe.checksum,
      properties: ["os_distro": "debian", "os_version": String(recipe.image.drop { $0 != "-" }.dropFirst())])
    try DiskFile.write(DiskFile.json(manifest), to: place.manifest)
    DiskFile.remove(place.status)
    try DiskFile.write(ImageScript.text(recipe, place), to: place.script)
  }

  private func pause(_ operation: String, _ duration: Duration) async throws(CloudError) {
    do {
      try await clock.sleep(for: duration)
    } catch {
      throw CloudError(
        .interrupted, operation: operation, cause: "interrupted", hint: "the build goes on; a later run finds it")
    }
  }

  private func failure(_ operation: String, _ status: String, _ log: String) -> CloudError {
    let end = log.split(separator: "\n").suffix(12).joined(separator: "\n    ")
    return CloudError(
      .failed, operation: operation, cause: "\(status.trimmed)\n    \(end)",
      hint: "check that this host reaches the mirror")
  }
}
