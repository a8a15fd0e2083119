import Shared

/// A run's result in OpenClaw's shape: `{"payloads":[…],"meta":{…}}`.
struct AgentRunReport: Sendable {
    let json: JSONValue

    init(_ last: AgentRunEvent, _ request: AgentRunRequest, transport: String) {
        let usage = last.usage ?? TokenUsage()
        let text = last.text ?? ""
        json = [
            "payloads": text.isEmpty ? [] : [["text": .string(text), "mediaUrl": nil]],
            "meta": [
                "transport": .string(transport), "durationMs": .int(Int64(last.durationMs ?? 0)),
                "aborted": .bool(last.stopReason == "aborted" || last.stopReason == "timeout"),
                "stopReason": .string(last.stopReason ?? "stop"), "finalAssistantVisibleText": .string(text),
                "agentMeta": [
                    "sessionId": .string(request.sessionId), "sessionKey": .string(request.sessionKey),
                    "provider": .string(last.provider ?? ""), "model": .string(last.model ?? ""),
                    "usage": [
                        "input": .int(Int64(usage.input)), "output": .int(Int64(usage.output)),
                        "cacheRead": .int(Int64(usage.cacheRead)), "cacheWrite": .int(Int64(usage.cacheWrite)),
                        "total": .int(Int64(usage.total)),
                    ],
                ],
            ],
        ]
    }

    /// The line after a plain run: how it went, who answered, what it cost.
    static func summary(_ meta: JSONValue?) -> String {
        let agent = meta?["agentMeta"]
        func word(_ value: JSONValue?) -> String {
            PrintableText.line(value?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? "unknown", limit: 120)
        }
        func count(_ value: JSONValue?) -> String { value?.intValue.map { String($0) } ?? "?" }
        let usage = agent?["usage"]
        return "transport: \(word(meta?["transport"]))  model: \(word(agent?["model"]))  "
            + "provider: \(word(agent?["provider"]))  tokens: \(count(usage?["input"]))/\(count(usage?["output"]))"
    }
}
