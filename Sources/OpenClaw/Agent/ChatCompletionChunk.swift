import Shared

/// One event of a chat completion stream, or a whole completion, reduced to what a run needs.
struct ChatCompletionChunk: Sendable, Equatable {
    var model: String?
    var text: String?
    var finishReason: String?
    var usage: TokenUsage?
    /// The provider reports a failure inside the stream.
    var failure: String?

    init(_ json: JSONValue) {
        model = json["model"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if let choice = json["choices"]?.arrayValue?.first {
            let message = choice["delta"] ?? choice["message"]
            text = message?["content"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
            finishReason = choice["finish_reason"]?.stringValue
        }
        if let usage = json["usage"], usage.objectValue != nil { self.usage = Self.usage(usage) }
        if let error = json["error"], !error.isNull {
            failure = Self.errorText(json) ?? "the provider reported a failure"
        }
    }

    /// Prompt tokens that came out of a cache are counted apart, as OpenClaw does.
    private static func usage(_ json: JSONValue) -> TokenUsage {
        func count(_ value: JSONValue?) -> Int { max(0, Int(value?.intValue ?? 0)) }
        let prompt = count(json["prompt_tokens"])
        let cached = min(prompt, count(json["prompt_tokens_details"]?["cached_tokens"]))
        let output = count(json["completion_tokens"])
        let total = count(json["total_tokens"])
        return TokenUsage(
            input: prompt - cached, output: output, cacheRead: cached, cacheWrite: 0,
            total: total > 0 ? total : prompt &+ output)
    }

    /// The sentence in an error body of any of the usual shapes.
    static func errorText(_ json: JSONValue) -> String? {
        let error = json["error"] ?? json.arrayValue?.first?["error"]
        return error?["message"]?.stringValue ?? error?.stringValue ?? json["message"]?.stringValue
            ?? json["detail"]?.stringValue
    }
}
