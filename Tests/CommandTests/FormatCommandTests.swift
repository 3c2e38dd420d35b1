import Foundation
import Testing

@Suite(.timeLimit(.minutes(5))) struct FormatCommandTests {
  @Test func formats() async throws {
    let program = try Program("x=1\na :\n  true\n", files: ["other.mk": "y = 2\n", "wrong.mk": "y\n"])
    let check = try await program.run("fmt", "--check")
    #expect((check.status, check.output) == (1, "Stackfile\n"), "\(check)")
    #expect(program.read("Stackfile") == "x=1\na :\n  true\n")
    #expect(try await program.run("fmt", "Stackfile", "other.mk").output == "Stackfile\n")
    #expect(program.read("Stackfile") == "x = 1\na:\n    true\n")
    #expect(try await program.run("fmt", "--check").status == 0)
    let wrong = try await program.run("fmt", "wrong.mk", "missing.mk")
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("wrong.mk:1:1") && wrong.errors.contains("missing.mk"), "\(wrong)")
  }

  @Test func linksAndModesStay() async throws {
    let program = try Program("", files: ["real/Stackfile": "x=1\n"])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o640], ofItemAtPath: "\(program.path)/real/Stackfile")
    try FileManager.default.createSymbolicLink(
      atPath: "\(program.path)/link.mk", withDestinationPath: "real/Stackfile")
    #expect(try await program.run("fmt", "link.mk").status == 0)
    #expect(program.read("real/Stackfile") == "x = 1\n")
    let link = try FileManager.default.attributesOfItem(atPath: "\(program.path)/link.mk")
    #expect(link[.type] as? FileAttributeType == .typeSymbolicLink)
    let real = try FileManager.default.attributesOfItem(atPath: "\(program.path)/real/Stackfile")
    #expect(real[.posixPermissions] as? Int == 0o640)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(program.path)/real") == ["Stackfile"])
  }
}
