import Shared

/// Payload of the answer to `connect`: closed in both versions of the protocol.
struct HelloPayload {
    let session: GatewaySession
    let connectionId: String
    let deviceToken: String?
    let issuedAtMs: Int64?
    let presence: [JSONValue]
    let presenceVersion: Int64
    let uptimeMs: Int64

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "type": "hello-ok", "protocol": .int(session.version),
            "server": ["version": .string(ProductVersion.string), "connId": .string(connectionId)],
            "features": [
                "methods": .array(GatewayMethod.allCases.map { .string($0.rawValue) }),
                "events": .array(["connect.challenge"] + GatewayEvent.allCases.map { .string($0.rawValue) }),
            ],
            "snapshot": [
                "presence": .array(presence), "health": [:],
                "stateVersion": ["presence": .int(presenceVersion), "health": 1], "uptimeMs": .int(uptimeMs),
                "sessionDefaults": [
                    "defaultAgentId": "main", "mainKey": "main", "mainSessionKey": "agent:main:main",
                    "scope": "per-sender",
                ],
                "authMode": "token",
            ],
            "policy": [
                "maxPayload": .int(Int64(GatewayLimits.maximumPayload)),
                "maxBufferedBytes": .int(Int64(GatewayLimits.maximumBufferedBytes)),
                "tickIntervalMs": .int(GatewayLimits.tickMilliseconds),
            ],
        ]
        // Version 3 knows `auth` only with a device token.
        if session.version >= 4 || deviceToken != nil { members["auth"] = auth }
        return .object(members)
    }

    private var auth: JSONValue {
        var members: [String: JSONValue] = [
            "role": .string(session.role), "scopes": .array(session.scopes.map { .string($0) }),
        ]
        members["deviceToken"] = deviceToken.map { .string($0) }
        members["issuedAtMs"] = issuedAtMs.map { .int($0) }
        return .object(members)
    }
}
