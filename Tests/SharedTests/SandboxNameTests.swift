import Shared
import Testing

@Suite struct SandboxNameTests {
    @Test(
        "names that follow the rule are taken as they are",
        arguments: ["a", "alpha", "a1", "prachi-gemini", "abcdefghijklmnopqrs"])
    func valid(_ text: String) throws {
        #expect(try SandboxName(text).rawValue == text)
    }

    @Test(
        "a bad name is refused with a suggestion that is itself valid",
        arguments: [
            "", "A", "1a", "-a", "a-", "a--b", "a_b", "abcdefghijklmnopqrst", "list", "../etc", "a\u{0}b", "ä", "a b",
        ])
    func invalid(_ text: String) throws {
        let error = #expect(throws: NemoClawError.self) { try SandboxName(text) }
        #expect(error?.code == .invalidName)
        let suggestion = error?.hint?.split(separator: "Try: ").last.map(String.init)
        #expect(throws: Never.self) { try SandboxName(suggestion ?? "") }
    }
}
