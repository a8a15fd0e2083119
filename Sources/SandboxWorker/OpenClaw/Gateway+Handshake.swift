import Logging
import NIOCore
import Shared

/// Runs `HandshakeStateMachine`: sends what it says, asks whom it names.
extension Gateway {
    func step(_ id: ConnectionID, _ input: (inout HandshakeStateMachine) -> HandshakeStateMachine.Action) {
        guard let action = advance(id, input) else { return }
        perform(action, id)
    }

    private func advance(
        _ id: ConnectionID, _ input: (inout HandshakeStateMachine) -> HandshakeStateMachine.Action
    ) -> HandshakeStateMachine.Action? {
        guard var handshake = connections[id]?.handshake else { return nil }
        let action = input(&handshake)
        connections[id]?.handshake = handshake
        return action
    }

    private func perform(_ action: HandshakeStateMachine.Action, _ id: ConnectionID) {
        guard let connection = connections[id] else { return }
        switch action {
        case .ignore: return
        case .close(let code, let reason): connection.transport.close(code: code, reason: reason)
        case .reject(let request, let error, let code, let reason):
            rejected(connection, error)
            connection.transport.send(encode(GatewayFrame.failure(id: request, error: error)), droppable: false)
            connection.transport.close(code: code, reason: reason)
        case .ask(let request):
            connection.deadline?.cancel()
            ask(request, for: id)
        case .hold(let requestId): hold(id, requestId)
        case .hello(let request, let session, let token, let issuedAtMs):
            connection.deadline?.cancel()
            hello(id, request: request, session: session, deviceToken: token, issuedAtMs: issuedAtMs)
        }
    }

    private func rejected(_ connection: Connection, _ error: GatewayError) {
        let code = error.details?["code"]?.stringValue ?? error.code.rawValue
        logger.notice(
            "connect refused",
            metadata: ["error.code": "\(code)", "connection.provenance": "\(connection.origin.provenance.rawValue)"])
        let isWrongSecret = ["AUTH_TOKEN_MISMATCH", "AUTH_DEVICE_TOKEN_MISMATCH"].contains(code)
        if connection.origin.origin != nil && isWrongSecret { authenticationFailed() }
    }

    /// Bridge from the callback world: one question, answered into the state machine.
    private func ask(_ request: DeviceConnectRequest, for id: ConnectionID) {
        Task { [supervisor] in
            let decision: DeviceConnectDecision
            do throws(NemoClawError) {
                let answer = try await supervisor.ask(
                    "device.connect", try JSONCoding.value(request),
                    milliseconds: GatewayLimits.supervisorTime.nanoseconds / 1_000_000)
                decision = try JSONCoding.decode(DeviceConnectDecision.self, from: answer)
            } catch {
                logger.warning("no decision about a connect", metadata: ["error.code": "\(error.code.rawValue)"])
                return step(id) { $0.supervisorAway() }
            }
            step(id) { $0.decided(decision) }
        }
    }

    private func hold(_ id: ConnectionID, _ requestId: String) {
        logger.notice("connect is held for an approval", metadata: ["request.id": "\(requestId)"])
        let time = TimeAmount.milliseconds(Int64(min(max(configuration.holdMilliseconds, 0), 120_000)))
        connections[id]?.deadline = eventLoop.scheduleTask(in: time) { [weak self] in
            self?.assumeIsolated { gateway in gateway.step(id) { $0.holdExpired() } }
        }
    }

    /// The supervisor says that a request was decided.
    func resolved(requestId: String) {
        for (id, connection) in connections where connection.handshake.heldRequest == requestId {
            step(id) { $0.resolved(requestId) }
        }
    }

    /// The supervisor says that a device lost its rights.
    func revoked(deviceId: String) {
        for connection in connections.values where connection.session?.deviceId == deviceId {
            connection.transport.close(code: 4001, reason: "client invalidated: device removed")
        }
    }

    private func hello(
        _ id: ConnectionID, request: String, session: GatewaySession, deviceToken: String?, issuedAtMs: Int64?
    ) {
        authenticated(id, session)
        let payload = HelloPayload(
            session: session, connectionId: "c\(id.value)", deviceToken: deviceToken, issuedAtMs: issuedAtMs,
            presence: presence(), presenceVersion: presenceVersion,
            uptimeMs: max(0, clock.now() - identity.startedAtMs)
        ).json
        send(GatewayFrame.result(id: request, payload: payload), to: id)
        logger.info(
            "client connected",
            metadata: [
                "client.mode": "\(session.client.mode)", "connection.provenance": "\(session.provenance.rawValue)",
                "scopes": "\(session.scopes.joined(separator: ","))",
            ])
        if session.isListed { presenceChanged() }
        connectionsChanged()
    }

    func send(_ frame: JSONValue, to id: ConnectionID) {
        connections[id]?.transport.send(encode(frame), droppable: false)
    }
}
