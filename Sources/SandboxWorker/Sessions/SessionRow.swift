import Shared

/// One row of `sessions.list`: the members of an entry that clients know, with their types checked.
enum SessionRow {
    private static let texts = [
        "sessionId", "label", "displayName", "channel", "subject", "chatType", "thinkingLevel", "verboseLevel",
        "reasoningLevel", "elevatedLevel", "sendPolicy", "modelProvider", "model", "status", "lastChannel", "lastTo",
        "spawnedBy",
    ]
    private static let numbers = [
        "inputTokens", "outputTokens", "totalTokens", "contextTokens", "startedAt", "endedAt", "runtimeMs",
    ]
    private static let flags = ["archived", "pinned", "unread", "abortedLastRun", "systemSent"]

    static func row(key: String, entry: JSONValue) -> JSONValue {
        let kind = key.contains(":group:") ? "group" : (key.hasPrefix("cron:") ? "cron" : "direct")
        var row: [String: JSONValue] = [
            "key": .string(key), "kind": .string(kind),
            "updatedAt": entry["updatedAt"]?.intValue.map { .int($0) } ?? .null,
        ]
        for name in texts { row[name] = entry[name]?.stringValue.map { .string(String($0.prefix(2000))) } }
        for name in numbers { row[name] = entry[name]?.intValue.map { .int($0) } }
        for name in flags { row[name] = entry[name]?.boolValue.map { .bool($0) } }
        if let model = entry["modelOverride"]?.stringValue { row["model"] = .string(String(model.prefix(256))) }
        return .object(row)
    }
}
