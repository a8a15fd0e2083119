import Shared

/// One line of a transcript, as OpenClaw writes it (`openclaw-gateway-protocol.md` 8.3).
struct TranscriptEntry: Sendable {
    /// Who answers: provider and model.
    struct Route: Sendable, Equatable {
        var provider: String
        var model: String

        static let unknown = "unknown"
        var isUnknown: Bool { provider == Self.unknown && model == Self.unknown }
    }

    /// An answer, whole or as far as it came.
    struct Assistant: Sendable {
        var text: String
        var route: Route
        var usage: TokenUsage
        /// `stop`, `length`, `aborted`, `timeout`, `error`.
        var stopReason: String
        var errorMessage: String?
    }

    /// nil for the header.
    let id: String?
    let json: JSONValue

    static func header(sessionId: String, cwd: String, nowMs: Int64) -> TranscriptEntry {
        TranscriptEntry(
            id: nil,
            json: [
                "type": "session", "version": 3, "id": .string(sessionId), "timestamp": .string(Instant.text(nowMs)),
                "cwd": .string(cwd),
            ])
    }

    static func modelChange(_ route: Route, parent: String?, nowMs: Int64) -> TranscriptEntry {
        entry(
            "model_change", parent: parent, nowMs: nowMs,
            ["provider": .string(route.provider), "modelId": .string(route.model)])
    }

    static func user(_ text: String, parent: String?, nowMs: Int64) -> TranscriptEntry {
        entry(
            "message", parent: parent, nowMs: nowMs,
            ["message": ["role": "user", "content": content(text), "timestamp": .int(nowMs)]])
    }

    static func assistant(_ message: Assistant, parent: String?, nowMs: Int64) -> TranscriptEntry {
        let usage = message.usage
        var members: [String: JSONValue] = [
            "role": "assistant", "content": content(message.text), "api": "openai-completions",
            "provider": .string(message.route.provider), "model": .string(message.route.model),
            "usage": [
                "input": .int(Int64(usage.input)), "output": .int(Int64(usage.output)),
                "cacheRead": .int(Int64(usage.cacheRead)), "cacheWrite": .int(Int64(usage.cacheWrite)),
                "totalTokens": .int(Int64(usage.total)),
                "cost": ["input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": 0],
            ],
            "stopReason": .string(message.stopReason), "timestamp": .int(nowMs),
        ]
        if let error = message.errorMessage { members["errorMessage"] = .string(error) }
        return entry("message", parent: parent, nowMs: nowMs, ["message": .object(members)])
    }

    private static func content(_ text: String) -> JSONValue {
        text.isEmpty ? [] : [["type": "text", "text": .string(text)]]
    }

    private static func entry(_ type: String, parent: String?, nowMs: Int64, _ members: [String: JSONValue])
        -> TranscriptEntry
    {
        let id = RandomText.hexadecimal(bytes: 8)
        var all = members
        all["type"] = .string(type)
        all["id"] = .string(id)
        all["parentId"] = parent.map { .string($0) } ?? .null
        all["timestamp"] = .string(Instant.text(nowMs))
        return TranscriptEntry(id: id, json: .object(all))
    }
}
