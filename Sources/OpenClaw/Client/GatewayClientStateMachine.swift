import Shared

/// The client's side of the gateway protocol: challenge, connect, hello, requests. A value, no I/O.
struct GatewayClientStateMachine: Sendable {
    enum Action: Sendable, Equatable {
        case nothing
        /// Sign the nonce and send `connect` with this id.
        case sendConnect(nonce: String, id: String)
        case ready(GatewayHello)
        /// The final answer to a request.
        case answer(id: String, payload: JSONValue)
        case refuse(id: String, GatewayRefusal)
        case event(name: String, payload: JSONValue)
        /// The connection is over: every pending request fails with this, then close.
        case end(GatewayRefusal)
    }

    private enum State: Sendable, Equatable {
        /// → awaitingHello, over
        case awaitingChallenge
        /// → ready, over
        case awaitingHello
        /// → over
        case ready
        case over
    }

    private static let connectId = "connect"
    private var state = State.awaitingChallenge
    /// Requests under way: id → whether an `accepted` answer is passed over.
    private var pending: [String: Bool] = [:]
    private var nextId: UInt64 = 1

    var isReady: Bool { state == .ready }

    /// Registers a request; nil unless the gateway has said hello.
    mutating func begin(expectingFinal: Bool) -> String? {
        guard state == .ready else { return nil }
        let id = "r\(nextId)"
        nextId += 1
        pending[id] = expectingFinal
        return id
    }

    /// Our deadline for a request passed: a late answer is ignored.
    mutating func expire(_ id: String) {
        pending[id] = nil
    }

    mutating func received(_ frame: GatewayFrame) -> Action {
        switch (state, frame) {
        case (.over, _), (_, .unknown): return .nothing
        case (.awaitingChallenge, .event("connect.challenge", let payload)):
            guard let nonce = payload["nonce"]?.stringValue, (1...512).contains(nonce.utf8.count) else {
                return end(code: "INVALID_REQUEST", "connect challenge has no nonce")
            }
            state = .awaitingHello
            return .sendConnect(nonce: nonce, id: Self.connectId)
        case (.awaitingHello, .response(Self.connectId, let ok, let payload, let error)):
            return receivedConnectAnswer(ok: ok, payload: payload, error: error)
        case (.awaitingChallenge, _), (.awaitingHello, _): return .nothing
        case (.ready, .event(let name, let payload)): return .event(name: name, payload: payload)
        case (.ready, .response(let id, let ok, let payload, let error)):
            return receivedAnswer(id: id, ok: ok, payload: payload, error: error)
        }
    }

    /// The peer closed, with `code` 1006 when it said nothing; or the bytes made no sense.
    mutating func closed(code: Int, reason: String) -> Action {
        guard state != .over else { return .nothing }
        let phase: GatewayRefusal.Phase = state == .ready ? .call : .connect
        state = .over
        return .end(
            GatewayRefusal(
                phase: phase, code: GatewayRefusal.closedCode, message: PrintableText.line(reason, limit: 200),
                closeCode: code))
    }

    /// The time for the handshake is over.
    mutating func handshakeExpired() -> Action {
        switch state {
        case .awaitingChallenge: end(code: GatewayRefusal.timeoutCode, "no challenge within the time limit")
        case .awaitingHello: end(code: GatewayRefusal.timeoutCode, "no answer to connect within the time limit")
        case .ready, .over: .nothing
        }
    }

    private mutating func receivedConnectAnswer(ok: Bool, payload: JSONValue, error: JSONValue) -> Action {
        guard ok else {
            state = .over
            return .end(GatewayRefusal(phase: .connect, error: error))
        }
        guard let hello = GatewayHello(payload) else {
            return end(code: "INVALID_REQUEST", "answer to connect is not a hello")
        }
        state = .ready
        return .ready(hello)
    }

    private mutating func receivedAnswer(id: String, ok: Bool, payload: JSONValue, error: JSONValue) -> Action {
        guard let expectingFinal = pending[id] else { return .nothing }
        if ok, expectingFinal, payload["status"] == "accepted" { return .nothing }
        pending[id] = nil
        return ok ? .answer(id: id, payload: payload) : .refuse(id: id, GatewayRefusal(phase: .call, error: error))
    }

    private mutating func end(code: String, _ message: String) -> Action {
        state = .over
        return .end(GatewayRefusal(phase: .connect, code: code, message: message))
    }
}
