import Support
import Testing

@testable import Targets

@Suite struct ServiceReplyTests {
  /// Every refusal that a real cloud gave, and what is made of it: Tests/Fixtures/openstack/replies.txt.
  @Test func everyObservedRefusalIsTold() throws {
    var text = ""
    for reply in ObservedReply.all {
      guard let response = reply.response, response.status >= 400 else { continue }
      let error = ServiceReply(response, reply.service, method: reply.method, sent: reply.sent)
        .error(operation: "\(reply.method) \(reply.path)")
      text += "\(reply.file) [\(error.code)]\(error.isUncertain ? " (uncertain)" : "")\n\(error)\n\n"
      #expect(error.status == response.status)
    }
    let expected = String(decoding: FixtureFile.bytes("openstack/replies.txt"), as: UTF8.self)
    let (lines, wanted) = (text.split(separator: "\n"), expected.split(separator: "\n"))
    for (line, wanted) in zip(lines, wanted) { #expect(line == wanted) }
    #expect(lines.count == wanted.count)
  }

  static let data = "I2Nsb3VkLWNvbmZpZwpwYXNzd29yZDogaHVudGVyMgo="

  /// Nova says again what it was sent, user-data and all.
  @Test(arguments: [
    ("user_data", "\(data). '\(data)' is too long", "is too long"),
    ("user_data", "\(data). '\(data)' is not a 'base64'", "is not a 'base64'"),
    (
      "server", "{'name': 'o', 'user_data': '\(data)'}. 'networks' is a required property",
      "'networks' is a required property"
    ),
    (
      "server",
      "{'name': 'o', 'user_data': '\(data)', 'bogus': 1}. Additional properties are not allowed ('bogus' was unexpected)",
      "Additional properties are not allowed ('bogus' was unexpected)"
    ),
    ("server", "{'user_data': '\(data)'}. {'user_data': '\(data)'} is something new", "not valid"),
  ]) func userDataIsNeverShown(_ field: String, _ echo: String, _ reason: String) {
    let message = "Invalid input for field/attribute \(field). Value: \(echo)"
    let body: JSON = ["badRequest": ["code": 400, "message": .string(message)]]
    let sent: JSON = ["server": ["user_data": .string(Self.data), "name": "o"]]
    for sent in [sent, nil] {
      let reply = ServiceReply(HTTPResponse(400, body: body.bytes), .compute, sent: sent)
      #expect(reply.message == "Invalid input for field/attribute \(field): \(reason)")
    }
  }

  @Test func whatWasSentIsHiddenWhereverItStands() {
    let sent: JSON = ["rebuild": ["list": [["user_data": .string(Self.data)]], "adminPass": "hunter2"]]
    let body: JSON = ["badRequest": ["message": .string("strange: \(Self.data) and hunter2")]]
    #expect(
      ServiceReply(HTTPResponse(400, body: body.bytes), .compute, sent: sent).message
        == "strange: (not shown) and (not shown)")
  }

  @Test(arguments: [
    ("", ""), ("plain words\n\nhere", "plain words here"),
    (
      "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>",
      "502 Bad Gateway nginx"
    ),
    (#"{"NeutronError": "old words"}"#, "old words"),
    (#"{"errors": [{"status": 404, "title": "Not Found", "detail": "no such provider"}]}"#, "no such provider"),
    (#"{"faultcode": 1}"#, ""), ("<unclosed", ""), ("[1, 2]", ""),
  ]) func wordsAreFoundInAnyWrapping(_ body: String, _ message: String) {
    #expect(ServiceReply(HTTPResponse(500, body: Array(body.utf8)), .compute).message == message)
  }

  /// Nova passes on the exceptions of its own that it met.
  @Test(arguments: [
    "keystoneauth1.exceptions.connection.ConnectFailure", "nova.exception.GlanceConnectionFailed",
    "neutronclient.common.exceptions.ServiceUnavailable",
  ]) func aServiceBehindNovaIsToldFromNova(_ exception: String) {
    let body: JSON = [
      "computeFault": ["code": 500, "message": .string("Unexpected API Error.\n<class '\(exception)'>")]
    ]
    let error = ServiceReply(HTTPResponse(500, body: body.bytes), .compute).error(operation: "list servers")
    #expect(error.hint == "a service behind nova doesn't answer: try again in a while")
  }

  @Test func longWordsAreCut() {
    let body = Array(String(repeating: "word ", count: 1000).utf8)
    #expect(ServiceReply(HTTPResponse(500, body: body), .compute).message.count == 401)
  }

  @Test(arguments: [
    (401, "", CloudError.Code.unauthorized), (403, "Quota exceeded for cores", .quota),
    (403, "Policy doesn't allow", .forbidden),
    (404, "", .notFound), (410, "", .notFound), (406, "", .unsupported), (409, "OverQuota: Quota exceeded", .quota),
    (409, "exists", .conflict), (429, "", .unavailable), (500, "", .failed), (502, "", .unavailable),
    (503, "", .unavailable),
    (504, "", .unavailable), (400, "", .failed),
  ]) func statusesHaveTheirCodes(_ status: Int, _ words: String, _ code: CloudError.Code) {
    #expect(ServiceReply(HTTPResponse(status, body: Array(words.utf8)), .compute).code == code)
  }
}
