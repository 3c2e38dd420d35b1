import Support
import Testing

@testable import StackMake

@Suite struct ScheduleTests {
  private func schedule(
    _ text: String, jobs: Int = 8, keepsGoing: Bool = false, seconds: [String: Double] = [:]
  ) throws -> (schedule: Schedule, graph: Graph) {
    let graph = try Graph.stackfile(text)
    let schedule = Schedule(
      graph: graph, wanted: graph.closure(of: Array(graph.targets)), jobs: jobs, keepsGoing: keepsGoing,
      seconds: { seconds[graph.name($0)] ?? 1 })
    return (schedule, graph)
  }

  /// Checks and queues all that is ready, then starts what may start.
  private func start(_ schedule: inout Schedule, _ graph: Graph) -> [String] {
    while let target = schedule.check() { schedule.queue(target) }
    var started: [String] = []
    while let target = schedule.start() { started.append(graph.name(target)) }
    return started
  }

  private func finish(_ schedule: inout Schedule, _ graph: Graph, _ name: String, ok: Bool = true, stops: Bool = true)
    -> [String]
  {
    schedule.finish(graph.target(named: name)!, ok: ok, stops: stops).map { graph.name($0) }.sorted()
  }

  private static let file = "a:\n    x\nb: a\n    x\nc: b\n    x\nd:\n    x\ne: | d\n    x\n"

  @Test func theLongestWayFirst() throws {
    var (schedule, graph) = try schedule(Self.file, jobs: 1, seconds: ["a": 1, "b": 1, "c": 1, "d": 5, "e": 1])
    #expect(schedule.priority(graph.target(named: "d")!) == 6)
    #expect(schedule.priority(graph.target(named: "a")!) == 3)
    #expect(start(&schedule, graph) == ["d"])
    (schedule, graph) = try self.schedule(Self.file, jobs: 1)
    #expect(start(&schedule, graph) == ["a"])
  }

  @Test func whatIsReadyAfterwards() throws {
    var (schedule, graph) = try schedule(Self.file)
    #expect(start(&schedule, graph) == ["a", "d"])
    #expect(finish(&schedule, graph, "d") == [])
    #expect(start(&schedule, graph) == ["e"])
    #expect(finish(&schedule, graph, "a") == [])
    #expect(start(&schedule, graph) == ["b"])
    #expect(!schedule.isIdle)
  }

  @Test func aFailureSkipsWhatDependsOnIt() throws {
    var (schedule, graph) = try schedule(Self.file, keepsGoing: true)
    _ = start(&schedule, graph)
    #expect(finish(&schedule, graph, "a", ok: false) == ["b", "c"])
    #expect(finish(&schedule, graph, "d") == [])
    #expect(start(&schedule, graph) == ["e"])
    #expect(finish(&schedule, graph, "e") == [])
    #expect(schedule.isIdle)
  }

  @Test func aFailureStopsUnlessToldOtherwise() throws {
    for stops in [true, false] {
      var (schedule, graph) = try schedule(Self.file)
      _ = start(&schedule, graph)
      #expect(finish(&schedule, graph, "d", ok: false, stops: stops) == ["e"])
      #expect(schedule.isStopping == stops)
      _ = finish(&schedule, graph, "a")
      #expect(start(&schedule, graph) == (stops ? [] : ["b"]))
    }
  }

  @Test func jobsAndPools() throws {
    var builder = GraphBuilder()
    builder.pools = ["disk": 2]
    for i in 0..<6 {
      let target = builder.add("t\(i)", kind: "task", location: SourceLocation(file: "", line: 1, column: 1))
      builder.set(options: TargetOptions(pool: i < 4 ? "disk" : "net"), of: target)
    }
    let graph = try builder.build()
    var schedule = Schedule(
      graph: graph, wanted: Array(graph.targets), jobs: 5, keepsGoing: false, seconds: { _ in 1 })
    #expect(start(&schedule, graph) == ["t0", "t1", "t4", "t5"])
    _ = finish(&schedule, graph, "t0")
    #expect(start(&schedule, graph) == ["t2"])
    _ = finish(&schedule, graph, "t4")
    #expect(start(&schedule, graph) == [])
  }

  @Test func theHeapGivesTheLongestWayFirst() {
    var chance = SeededGenerator(seed: 7)
    var heap = TargetHeap()
    var left: [(priority: Double, target: TargetID)] = []
    for number in 0..<500 {
      let entry = (Double.random(in: 0...9, using: &chance).rounded(), TargetID(number))
      heap.insert(entry.1, priority: entry.0)
      left.append(entry)
      guard number.isMultiple(of: 3) else { continue }
      left.sort { TargetHeap.isBefore($0, $1) }
      #expect(heap.removeFirst() == left.removeFirst().target)
    }
    for entry in left.sorted(by: { TargetHeap.isBefore($0, $1) }) { #expect(heap.removeFirst() == entry.target) }
    #expect(heap.isEmpty)
    #expect(heap.removeFirst() == nil)
  }

  @Test func stoppingStartsNothing() throws {
    var (schedule, graph) = try schedule(Self.file)
    schedule.stop()
    #expect(start(&schedule, graph) == [])
    #expect(schedule.isIdle)
  }
}
