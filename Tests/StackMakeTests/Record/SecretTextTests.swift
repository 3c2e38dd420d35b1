import Testing

@testable import StackMake

@Suite struct SecretTextTests {
  @Test func isTwentyFourLettersAndDigits() {
    let secrets = Set((0..<200).map { _ in SecretText.make() })
    #expect(secrets.count == 200)
    for secret in secrets {
      #expect(secret.utf8.count == 24)
      #expect(
        secret.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) })
    }
  }

  /// Each of 62 characters is due 2,000 times in 124,000; eight standard deviations are 354.
  @Test func choosesEachCharacterAsOften() {
    var counts: [Character: Int] = [:]
    while counts.values.reduce(0, +) < 124_000 {
      for character in SecretText.make() + SecretText.make() { counts[character, default: 0] += 1 }
    }
    #expect(counts.count == 62)
    for (character, count) in counts { #expect(abs(count - 2000) < 354, "\(character): \(count)") }
  }
}
