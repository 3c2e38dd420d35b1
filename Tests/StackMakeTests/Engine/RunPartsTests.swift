import Glibc
import StackMake
import Support
import Synchronization
import SystemPackage
import Testing

@Suite struct SourceFilesTests {
  @Test func readsWhatRecipesMove() throws {
    let files = InMemoryFileSystem(texts: ["d/a": "1", "d/sub/b": "2", "one": "3", "t": "x", "unused": "4"])
    let graph = try Graph.stackfile(
      "a:\n    put d x/\n    put one y\nb:\n    render t z\n    put one y\n", files: files)
    let (found, errors) = SourceFiles.read(graph.targets, in: graph, from: files)
    #expect(errors.isEmpty)
    #expect(found.files(of: "d").map(\.relativePath) == ["a", "sub/b"])
    #expect(found.files(of: "one").map(\.relativePath) == [""])
    #expect(found.files(of: "one").first?.fingerprint.digest == Fingerprint(of: "3"))
    #expect(found.files(of: "t").count == 1)
    #expect(found.files(of: "unused").isEmpty)
  }

  @Test func saysWhatCannotBeRead() throws {
    let files = InMemoryFileSystem(texts: ["one": "3"])
    let graph = try Graph.stackfile("a:\n    put one y\n", files: files)
    files.fail("one", .permissionDenied)
    let (_, errors) = SourceFiles.read(graph.targets, in: graph, from: files)
    #expect(errors.map(\.1) == [FileError(path: "one", errno: .permissionDenied)])
    #expect(errors.first?.0.line == 2)
  }
}

@Suite(.timeLimit(.minutes(2))) struct InterruptTests {
  @Test func tellsThoseWhoAskedWhileTheyRun() async {
    let interrupt = Interrupt()
    let told = Mutex(0)
    await interrupt.notifying({ told.withLock { $0 += 1 } }) {
      #expect(interrupt.request() == 1)
      #expect(interrupt.request() == 2)
    }
    #expect(told.withLock { $0 } == 2)
    interrupt.request()
    #expect(told.withLock { $0 } == 2)
    #expect(interrupt.count == 3)
  }

  @Test func tellsAtOnceWhereItWasAsked() async {
    let interrupt = Interrupt()
    interrupt.request()
    let told = Mutex(0)
    await interrupt.notifying({ told.withLock { $0 += 1 } }) {}
    #expect(told.withLock { $0 } == 1)
    #expect(interrupt.isRequested)
  }
}

/// How many are there, and how many there were at most.
private final class Crowd: Sendable {
  private let state = Mutex((now: 0, most: 0))

  func come() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
  func go() { state.withLock { $0.now -= 1 } }
  var now: Int { state.withLock { $0.now } }
  var most: Int { state.withLock { $0.most } }
}

@Suite(.timeLimit(.minutes(2))) struct ThreadPoolTests {
  /// Sixteen tasks that all block until the last has come: on fewer threads they would wait in vain.
  @Test func blockingWorkRunsAtOnce() async {
    let crowd = Crowd()
    let allCame = await run(16, on: ThreadPool(width: 16)) {
      crowd.come()
      for _ in 0..<10_000 where crowd.now < 16 { usleep(1000) }
      return crowd.now == 16
    }
    #expect(allCame)
  }

  @Test func moreWorkThanThreads() async {
    let crowd = Crowd()
    let all = await run(40, on: ThreadPool(width: 2)) {
      crowd.come()
      usleep(500)
      crowd.go()
      return true
    }
    #expect(all)
    #expect(crowd.most <= 2)
  }

  private func run(_ count: Int, on pool: ThreadPool, _ body: @escaping @Sendable () -> Bool) async -> Bool {
    let tasks = (0..<count).map { _ in Task(executorPreference: pool) { body() } }
    var all = true
    for task in tasks { all = await task.value && all }
    return all
  }
}
