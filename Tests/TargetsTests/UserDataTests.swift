import Testing

@testable import Targets

@Suite struct UserDataTests {
  @Test func theWholeText() {
    let text = UserData.text(
      user: "stack", hostname: "web-1", authorizedKeys: ["ssh-ed25519 AAAA a@b", "ssh-rsa BBBB"])
    #expect(
      text == """
        #cloud-config
        hostname: "web-1"
        preserve_hostname: false
        manage_etc_hosts: localhost
        disable_root: true
        ssh_pwauth: false
        ssh_deletekeys: true
        ssh_genkeytypes: [ed25519, ecdsa]
        package_update: false
        package_upgrade: false
        users:
          - name: "stack"
            shell: /bin/bash
            lock_passwd: true
            sudo: "ALL=(ALL) NOPASSWD:ALL"
            ssh_authorized_keys:
              - "ssh-ed25519 AAAA a@b"
              - "ssh-rsa BBBB"

        """)
  }

  @Test func withoutKeysTheListIsEmpty() {
    #expect(UserData.text(user: "a", hostname: "b", authorizedKeys: []).hasSuffix("    ssh_authorized_keys: []\n"))
  }

  @Test(arguments: [
    ("plain", "\"plain\""), ("", "\"\""), ("no", "\"no\""), ("a: b # c", "\"a: b # c\""), ("\"\\", "\"\\\"\\\\\""),
    ("a\nruncmd: [x]", "\"a\\nruncmd: [x]\""), ("\t\u{1}\u{7F}", "\"\\t\\x01\\x7f\""), ("\u{2028}", "\"\\u2028\""),
    ("ü€", "\"ü€\""),
  ])
  func anyTextIsOneQuotedLine(_ text: String, _ quoted: String) {
    #expect(UserData.quoted(text) == quoted)
  }
}
