import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import Targets

/// Building images, with a mmdebstrap that makes an empty one.
@Suite(.enabled(if: LocalCloudLab.isPossible, "needs root"), .timeLimit(.minutes(5)))
struct ImageStoreTests {
  struct Lab: Sendable {
    let directory: FilePath
    let recipe: ImageRecipe
    let place: ImagePlace
    let programs: HostPrograms
    var cache: FilePath { directory.appending("cache") }
    var store: ImageStore {
      ImageStore(
        cache: cache, programs: programs, surroundings: HostSurroundings(), clock: ContinuousClock(), progress: { _ in }
      )
    }
    var builds: Int { ((try? DiskFile.text(directory.appending("builds"))) ?? "").split(separator: "\n").count }
  }

  /// `body` is what mmdebstrap does, with the directory to make in `$new`.
  static func run(mmdebstrap body: String, _ test: @concurrent @Sendable (Lab) async throws -> Void) async throws {
    let template = strdup("/var/tmp/stackmake-image.XXXXXX")!
    defer { free(template) }
    let directory = FilePath(String(cString: try #require(mkdtemp(template))))
    try DiskFile.makeDirectory(directory.appending("bin"))
    let script = """
      #!/bin/bash
      for new; do case $new in */.new-*) break ;; esac; done
      echo build >>'\(directory)/builds'
      \(body)
      """
    try DiskFile.write(script, to: directory.pushing("bin/mmdebstrap"), mode: 0o755)
    try DiskFile.write("#!/bin/sh\n", to: directory.pushing("bin/chroot"), mode: 0o755)
    let programs = HostPrograms(environment: ["PATH": "\(directory)/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    let recipe = try #require(LocalCatalog(mirrors: DebianMirrors()).recipe("debian-12"))
    let place = ImagePlace(cache: directory.appending("cache"), recipe: recipe, surroundings: HostSurroundings())
    let lab = Lab(directory: directory, recipe: recipe, place: place, programs: programs)
    let result: Result<Void, any Error>
    do { result = .success(try await test(lab)) } catch { result = .failure(error) }
    _ = try await programs.run("rm", ["-rf", directory.string])
    try result.get()
  }

  static let empty =
    #"mkdir -p "$new/etc/systemd/system" "$new/etc/ssh"; touch "$new/etc/ssh/ssh_host_rsa_key"; sleep 1"#

  @Test func manyAtOnceBuildOne() async throws {
    try await Self.run(mmdebstrap: Self.empty) { lab in
      let bases = try await withThrowingTaskGroup(of: FilePath.self) { group in
        for _ in 0..<8 { group.addTask { try await lab.store.base(lab.recipe) } }
        return try await group.reduce(into: Set<FilePath>()) { $0.insert($1) }
      }
      #expect(bases == [lab.place.base])
      #expect(lab.builds == 1)
      #expect(try DiskFile.text(lab.place.base.pushing("etc/default/locale")) == "LANG=C.UTF-8\n")
      #expect(!DiskFile.exists(lab.place.base.pushing("etc/ssh/ssh_host_rsa_key")))
      #expect(DiskFile.exists(FilePath("\(lab.place.base).json")))
      _ = try await lab.store.base(lab.recipe)
      #expect(lab.builds == 1)
    }
  }

  @Test func aFailureSaysWhyAndIsTriedAgain() async throws {
    try await Self.run(mmdebstrap: "[ -e ok ] || { echo 'E: no mirror'; exit 3; }; \(Self.empty)") { lab in
      let error = await #expect(throws: CloudError.self) { _ = try await lab.store.base(lab.recipe) }
      #expect(error?.cause.contains("mmdebstrap ended with status 3") == true)
      #expect(error?.cause.contains("E: no mirror") == true)
      try DiskFile.write("", to: lab.cache.appending("ok"))
      #expect(try await lab.store.base(lab.recipe) == lab.place.base)
      #expect(lab.builds == 2)
    }
  }

  @Test func whatAKilledBuilderLeftIsThrownAway() async throws {
    try await Self.run(mmdebstrap: Self.empty) { lab in
      try DiskFile.makeDirectory(lab.place.temporary.pushing("etc/left"))
      #expect(try await lab.store.base(lab.recipe) == lab.place.base)
      #expect(!DiskFile.exists(lab.place.base.pushing("etc/left")))
    }
  }
}
