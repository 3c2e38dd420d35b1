import Foundation
import Testing

/// `Tests/Cloud/fault-proxy` before a cloud, without faults: it counts what is asked.
final class FaultProxy: Sendable {
  /// Requests by route, such as `nova GET /v2.1/servers/{id}`.
  typealias Counts = [String: Int]

  private struct About: Decodable {
    var control: String
    var services: [String: String]
  }

  private let process: RunningProgram
  private let about: About

  init(_ cloud: OpenStackTestCloud) async throws {
    let services = try await cloud.site.ask("services")
    let process = try RunningProgram(
      RealCloud.program("fault-proxy"),
      services + ["--parent", String(ProcessInfo.processInfo.processIdentifier)], in: "/",
      environment: ProcessInfo.processInfo.environment)
    self.process = process
    try #require(await isSo { process.outputSoFar.hasSuffix("\n") }, "\(process.errorSoFar)")
    about = try JSONDecoder().decode(About.self, from: Data(process.outputSoFar.utf8))
  }

  deinit { process.kill() }

  /// A clouds.yaml by which the cloud is reached through it.
  func configuration(_ cloud: OpenStackTestCloud) async throws -> String {
    try await cloud.site.answer(["through", try #require(about.services["keystone"])])
  }

  /// What was asked since the last time.
  func counts() async throws -> Counts {
    struct Answer: Decodable {
      struct Count: Decodable { var requests: Int }
      var routes: [String: Count]
    }
    let answer = try await ask("GET", "/counts")
    try await ask("POST", "/reset")
    return try JSONDecoder().decode(Answer.self, from: Data(answer.utf8)).routes.mapValues(\.requests)
  }

  @discardableResult
  private func ask(_ method: String, _ path: String) async throws -> String {
    let end = try await TestCluster.host("curl", "-sS", "--fail", "--noproxy", "*", "-X", method, about.control + path)
    try #require(end.status == 0, "\(method) \(path): \(end)")
    return end.output
  }
}
