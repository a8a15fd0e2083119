import Shared
import Synchronization

/// What a model has answered so far. The reader fills it; whoever ends the run takes what is there.
final class AgentAnswer: Sendable {
    struct Content: Sendable {
        var text = ""
        var provider: String?
        var model: String?
        var finishReason: String?
        var usage: TokenUsage?
    }

    private let content = Mutex(Content())

    var snapshot: Content { content.withLock { $0 } }

    func answering(provider: String?, model: String?) {
        content.withLock {
            $0.provider = provider ?? $0.provider
            $0.model = model ?? $0.model
        }
    }

    /// Takes in one chunk.
    /// - Returns: the new text; `full` when the answer has reached its limit and must end.
    func append(_ chunk: ChatCompletionChunk) -> (text: String?, full: Bool) {
        content.withLock { content in
            if let model = chunk.model { content.model = model }
            if let usage = chunk.usage { content.usage = usage }
            if let reason = chunk.finishReason { content.finishReason = reason }
            guard let text = chunk.text else { return (nil, false) }
            guard content.text.utf8.count + text.utf8.count <= AgentLimits.answer else {
                content.finishReason = "length"
                return (nil, true)
            }
            content.text += text
            return (text, false)
        }
    }
}
