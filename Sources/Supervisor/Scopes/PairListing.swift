import Shared

/// Devices and requests in OpenClaw's shape (protocol notes, 4.5 and 4.7), without secrets.
enum PairListing {
    static func list(pending: [PendingRequest], paired: [(PairedDevice, [DeviceToken])]) -> JSONValue {
        [
            "pending": .array(pending.sorted { $0.requestedAtMs > $1.requestedAtMs }.map { Self.pending($0) }),
            "paired": .array(
                paired.sorted { $0.0.approvedAtMs > $1.0.approvedAtMs }.map { device($0.0, tokens: $0.1) }),
        ]
    }

    static func pending(_ request: PendingRequest) -> JSONValue {
        compact([
            "requestId": .string(request.requestId), "deviceId": .string(request.deviceId),
            "publicKey": .string(request.publicKey), "displayName": request.displayName.map { .string($0) },
            "platform": .string(request.platform), "deviceFamily": request.deviceFamily.map { .string($0) },
            "clientId": .string(request.clientId), "clientMode": .string(request.clientMode),
            "role": .string(request.role), "roles": strings(request.roles), "scopes": strings(request.scopes),
            "silent": false, "isRepair": .bool(request.isRepair), "ts": .int(request.requestedAtMs),
        ])
    }

    static func device(_ device: PairedDevice, tokens: [DeviceToken]) -> JSONValue {
        compact([
            "deviceId": .string(device.deviceId), "publicKey": .string(device.publicKey),
            "displayName": device.displayName.map { .string($0) }, "platform": .string(device.platform),
            "deviceFamily": device.deviceFamily.map { .string($0) }, "clientId": .string(device.clientId),
            "clientMode": .string(device.clientMode), "role": device.roles.first.map { .string($0) },
            "roles": strings(device.roles), "scopes": strings(device.approvedScopes),
            // The protocol's word for "a person decided" is owner.
            "approvedVia": device.approvedVia == .decision ? "owner" : "silent",
            "createdAtMs": .int(device.createdAtMs), "approvedAtMs": .int(device.approvedAtMs),
            "lastSeenAtMs": .int(device.lastSeenAtMs), "lastSeenReason": "connect",
            "tokens": .array(
                tokens.map {
                    [
                        "role": .string($0.role), "scopes": strings($0.scopes), "createdAtMs": .int($0.createdAtMs),
                        "lastUsedAtMs": .int($0.lastUsedAtMs),
                    ]
                }),
        ])
    }

    private static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

    private static func compact(_ members: [String: JSONValue?]) -> JSONValue {
        .object(members.compactMapValues { $0 })
    }
}
