import Shared

/// chat.history, sessions.list, sessions.patch.
extension Gateway {
    func chatHistory(_ params: JSONValue) async throws(GatewayError) -> JSONValue {
        let session = try await sessions.resolve(
            agentId: params["agentId"]?.stringValue, key: params["sessionKey"]?.stringValue, sessionId: nil)
        let messages = await sessions.history(
            session, limit: Int(clamping: params["limit"]?.intValue ?? 200),
            maximumCharacters: params["maxChars"]?.intValue.map { Int(clamping: $0) })
        return [
            "sessionKey": .string(session.key.text), "sessionId": .string(session.sessionId),
            "messages": .array(messages),
        ]
    }

    func sessionsList(_ params: JSONValue) async -> JSONValue {
        let rows = await sessions.list(params, now: clock.now())
        let active = await runs.active()
        let shown = rows.map { row -> JSONValue in
            guard let key = row["key"]?.stringValue, var members = row.objectValue else { return row }
            members["hasActiveRun"] = .bool(active[key] != nil)
            members["activeRunIds"] = .array((active[key] ?? []).map { .string($0) })
            return .object(members)
        }
        return [
            "ts": .int(clock.now()), "path": "/sandbox/.openclaw/agents", "count": .int(Int64(shown.count)),
            "defaults": [
                "modelProvider": .string(configuration.provider), "model": .string(configuration.model),
                "contextTokens": nil,
            ], "sessions": .array(shown),
        ]
    }

    /// What anybody who may write may change; it has effect inside this sandbox only.
    private static let writable: Set<String> = [
        "key", "agentId", "label", "category", "archived", "pinned", "unread", "model", "thinkingLevel", "fastMode",
        "verboseLevel", "traceLevel", "reasoningLevel", "responseUsage",
    ]

    func sessionsPatch(_ params: JSONValue, _ session: GatewaySession) async throws(GatewayError) -> JSONValue {
        let members = params.objectValue ?? [:]
        if !members.keys.allSatisfy(Self.writable.contains), !session.holds(ScopeRules.admin) {
            throw .missingScope(ScopeRules.admin)
        }
        let key = try SessionKey(params["key"]?.stringValue ?? "", agentId: params["agentId"]?.stringValue)
        let entry: JSONValue
        do throws(NemoClawError) {
            entry = try await sessions.patch(key, params, now: clock.now())
        } catch { throw GatewayError(error) }
        return [
            "ok": true, "path": .string("/sandbox/.openclaw/agents/\(key.agentId)/sessions/sessions.json"),
            "key": .string(key.text), "entry": entry,
            "resolved": [
                "modelProvider": .string(configuration.provider),
                "model": entry["modelOverride"] ?? .string(configuration.model),
            ],
        ]
    }
}
