import Shared

/// health, status, models: what the gateway knows about itself.
extension Gateway {
    func health() async -> JSONValue {
        let began = clock.now()
        let (count, recent) = await sessions.summary()
        let list: JSONValue = [
            "path": "/sandbox/.openclaw/agents/main/sessions/sessions.json", "count": .int(Int64(count)),
            "recent": .array(recent.map { row in aged(row, now: began) }),
        ]
        return [
            "ok": true, "ts": .int(clock.now()), "durationMs": .int(max(0, clock.now() - began)), "channels": [:],
            "channelOrder": [], "channelLabels": [:], "heartbeatSeconds": 0, "defaultAgentId": "main",
            "agents": [
                [
                    "agentId": "main", "isDefault": true,
                    "heartbeat": ["enabled": false, "every": "disabled", "everyMs": nil], "sessions": list,
                ]
            ], "sessions": list,
        ]
    }

    func status() async -> JSONValue {
        let (count, recent) = await sessions.summary()
        let running = await runs.running
        let defaults: JSONValue = ["model": .string(configuration.model), "contextTokens": nil]
        return [
            "runtimeVersion": .string(ProductVersion.string),
            "heartbeat": ["defaultAgentId": "main", "agents": []], "channelSummary": [], "queuedSystemEvents": [],
            "tasks": ["running": .int(Int64(running))], "taskAudit": [:],
            "sessions": [
                "paths": ["/sandbox/.openclaw/agents/main/sessions/sessions.json"], "count": .int(Int64(count)),
                "defaults": defaults, "recent": .array(recent),
                "byAgent": [["agentId": "main", "count": .int(Int64(count)), "recent": .array(recent)]],
            ],
        ]
    }

    func models() -> JSONValue {
        [
            "models": [
                [
                    "id": .string(configuration.model), "name": .string(configuration.model),
                    "provider": .string(configuration.provider),
                ]
            ]
        ]
    }

    private func aged(_ row: JSONValue, now: Int64) -> JSONValue {
        var members = row.objectValue ?? [:]
        members["age"] = row["updatedAt"]?.intValue.map { .int(max(0, now - $0)) } ?? .null
        return .object(members)
    }
}
