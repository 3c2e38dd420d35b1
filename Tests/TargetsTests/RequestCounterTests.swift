import StackMake
import Testing

@testable import Targets

@Suite struct RequestCounterTests {
  @Test(arguments: [
    (
      "https://me:pw@nova:8774/v2.1/servers/6c1b6a0e-5f0e-4c3e-8d0c-9d1e6f1f6d0b/action?x=1#y", "nova:8774",
      "/v2.1/servers/{id}/action"
    ),
    ("http://h/v3/0123456789abcdef0123456789abcdef/x/17", "h", "/v3/{id}/x/{id}"), ("http://h", "h", ""),
    ("http://h/v2.1/os-keypairs/lab", "h", "/v2.1/os-keypairs/lab"),
  ])
  func template(url: String, host: String, path: String) {
    let found = RequestCounter.template(url)
    #expect(found.host == host && found.path == path)
  }

  @Test func countsWhatIsTheSame() {
    let counter = RequestCounter()
    for id in 1...3 {
      counter.add(
        HTTPRequest("GET", "http://h/servers/\(id)"), .success(HTTPResponse(200)), .milliseconds(500))
    }
    counter.add(HTTPRequest("GET", "http://h/servers/9"), .success(HTTPResponse(404)), .milliseconds(100))
    #expect(
      counter.counts == [
        RequestCount(method: "GET", host: "h", path: "/servers/{id}", status: 200, count: 3, seconds: 1.5),
        RequestCount(method: "GET", host: "h", path: "/servers/{id}", status: 404, count: 1, seconds: 0.1),
      ])
  }

  @Test func isBounded() {
    let counter = RequestCounter()
    for number in 0..<1000 {
      counter.add(HTTPRequest("GET", "http://h/x\(number)"), .success(HTTPResponse(200)), .zero)
    }
    #expect(counter.counts.count == RequestCounter.limit + 1)
    #expect(counter.counts.map(\.count).reduce(0, +) == 1000)
  }
}
