import Shared
import Testing

@testable import OpenClaw

@Suite("Conversation context")
struct ConversationContextTests {
    private func turn(_ role: Transcript.Turn.Role, _ text: String, _ reason: String? = nil) -> Transcript.Turn {
        Transcript.Turn(role: role, text: text, stopReason: reason)
    }

    private func contents(_ history: [Transcript.Turn], budget: Int = 100) -> [String] {
        ConversationContext.messages(history: history, message: "now", extraSystemPrompt: nil, budget: budget)
            .dropFirst().map(\.content)
    }

    @Test("the newest turns fit the budget, the rest is left out, and an answer never comes first")
    func budget() {
        let history = [turn(.user, "aaaa"), turn(.assistant, "bbbb"), turn(.user, "cccc"), turn(.assistant, "dddd")]
        #expect(contents(history) == ["aaaa", "bbbb", "cccc", "dddd", "now"])
        #expect(contents(history, budget: 8) == ["cccc", "dddd", "now"])
        #expect(contents(history, budget: 13) == ["cccc", "dddd", "now"])
        #expect(contents(history, budget: 3) == ["now"])
    }

    @Test("roles alternate whatever the transcript holds")
    func alternate() {
        let history = [turn(.user, "a"), turn(.user, "b"), turn(.assistant, ""), turn(.assistant, "c")]
        #expect(contents(history) == ["a\n\nb", "c", "now"])
        #expect(contents([turn(.user, "a"), turn(.assistant, "", "error")]) == ["now"])
    }

    @Test("event lines stay under the limit: deltas are divided, a whole answer is cut")
    func longLines() throws {
        let lines = Log<[UInt8]>()
        let writer = RunEventWriter { lines.add($0) }
        var event = AgentRunEvent(kind: .delta)
        event.text = String(repeating: "\u{1}", count: 400_000)
        try writer.write(event)
        let texts = try lines.all.map { try JSONCoding.decode(AgentRunEvent.self, from: $0).text ?? "" }
        #expect(texts.joined() == event.text)
        event.kind = .completed
        try writer.write(event)
        #expect(lines.all.allSatisfy { $0.count <= AgentRunEvent.maximumLine })
    }
}
