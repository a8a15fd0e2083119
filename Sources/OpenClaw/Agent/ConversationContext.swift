/// Which earlier turns a model gets to see.
enum ConversationContext {
    static let systemPrompt = """
        You are an assistant that runs in a private NemoClaw sandbox and talks to its user through OpenClaw. \
        Answer directly and briefly. Say so when you do not know something.
        """

    /// System prompt, earlier turns newest first up to `budget` characters, then the new message. Roles alternate:
    /// many chat templates refuse anything else.
    static func messages(
        history: [Transcript.Turn], message: String, extraSystemPrompt: String?, budget: Int = AgentLimits.context
    ) -> [ChatMessage] {
        var left = budget
        var kept: [ChatMessage] = []
        for turn in answered(history).reversed() {
            let length = turn.text.count
            guard length <= left else { break }
            left -= length
            kept.append(ChatMessage(role: turn.role == .user ? .user : .assistant, content: turn.text))
        }
        kept.reverse()
        kept = Array(kept.drop { $0.role == .assistant })
        kept.append(ChatMessage(role: .user, content: message))
        let system = [systemPrompt, extraSystemPrompt ?? ""].filter { !$0.isEmpty }.joined(separator: "\n\n")
        return merged([ChatMessage(role: .system, content: system)] + kept)
    }

    /// Without questions that only met an error, and without empty turns.
    private static func answered(_ history: [Transcript.Turn]) -> [Transcript.Turn] {
        var result: [Transcript.Turn] = []
        for turn in history {
            if turn.stopReason == "error" {
                if result.last?.role == .user { result.removeLast() }
            } else if !turn.text.isEmpty {
                result.append(turn)
            }
        }
        return result
    }

    private static func merged(_ messages: [ChatMessage]) -> [ChatMessage] {
        var result: [ChatMessage] = []
        for message in messages {
            if let last = result.last, last.role == message.role {
                result[result.count - 1].content = last.content + "\n\n" + message.content
            } else {
                result.append(message)
            }
        }
        return result
    }
}
