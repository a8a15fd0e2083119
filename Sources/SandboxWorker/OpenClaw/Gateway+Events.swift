import Logging
import NIOCore
import Shared

/// Events to clients: filtered by scope, numbered per connection, the payload encoded once.
extension Gateway {
    func broadcast(_ event: GatewayEvent, _ payload: JSONValue, stateVersion: JSONValue? = nil) {
        broadcast(event, stateVersion: stateVersion) { _ in payload }
    }

    /// - Parameter payload: called once for each protocol version in use; nil: nothing for that version.
    func broadcast(_ event: GatewayEvent, stateVersion: JSONValue? = nil, payload: (Int64) -> JSONValue?) {
        var encoded: [Int64: ByteBuffer?] = [:]
        let version = stateVersion.map { encode($0) }
        for id in connections.keys {
            guard let session = connections[id]?.session, session.holds(event.scope) else { continue }
            let body = encoded[session.version] ?? payload(session.version).map { encode($0) }
            encoded[session.version] = .some(body)
            guard let body else { continue }
            connections[id]?.sequence += 1
            let sequence = connections[id]?.sequence ?? 0
            var frame = ByteBuffer()
            frame.writeString(#"{"type":"event","event":"\#(event.rawValue)","seq":\#(sequence)"#)
            if let version {
                frame.writeString(#","stateVersion":"#)
                frame.writeImmutableBuffer(version)
            }
            frame.writeString(#","payload":"#)
            frame.writeImmutableBuffer(body)
            frame.writeString("}")
            connections[id]?.transport.send(frame, droppable: event.isDroppable)
        }
    }

    func presenceChanged() {
        presenceVersion += 1
        broadcast(
            .presence, ["presence": .array(presence())],
            stateVersion: ["presence": .int(presenceVersion), "health": 1])
    }

    func presence() -> [JSONValue] {
        connections.values.compactMap { connection in
            guard let session = connection.session, session.isListed else { return nil }
            var entry: [String: JSONValue] = [
                "ts": .int(connection.connectedAtMs), "mode": .string(session.client.mode),
                "version": .string(session.client.version), "platform": .string(session.client.platform),
                "reason": "connect", "roles": [.string(session.role)],
                "scopes": .array(session.scopes.map { .string($0) }),
            ]
            entry["host"] = session.client.displayName.map { .string($0) }
            entry["deviceFamily"] = session.client.deviceFamily.map { .string($0) }
            entry["modelIdentifier"] = session.client.modelIdentifier.map { .string($0) }
            entry["instanceId"] = session.client.instanceId.map { .string($0) }
            entry["deviceId"] = session.deviceId.map { .string($0) }
            return .object(entry)
        }
    }

    /// Tells of the supervisor that concern clients.
    func supervisorTold(_ method: String, _ params: JSONValue) {
        switch method {
        case "device.resolved":
            if let requestId = params["requestId"]?.stringValue { resolved(requestId: requestId) }
            var payload = params.objectValue ?? [:]
            payload["ts"] = payload["ts"] ?? .int(clock.now())
            broadcast(.pairResolved, .object(payload))
        case "device.requested": broadcast(.pairRequested, params)
        case "device.revoked":
            if let deviceId = params["deviceId"]?.stringValue { revoked(deviceId: deviceId) }
        case "configuration":
            do throws(NemoClawError) {
                apply(try JSONCoding.decode(WorkerConfiguration.self, from: params))
            } catch {
                logger.error("cannot read a configuration", metadata: ["error.message": "\(error.message)"])
            }
        default: logger.debug("unknown tell", metadata: ["method": "\(method)"])
        }
    }
}
