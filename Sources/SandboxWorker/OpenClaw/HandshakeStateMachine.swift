import NIOCore
import Shared

/// The way of one connection from accept to hello, as a value. Inputs return what to do; nothing happens inside.
struct HandshakeStateMachine: Sendable {
    enum Action: Sendable, Equatable {
        case ignore
        case close(code: UInt16, reason: String)
        /// Answer request `id`, then close.
        case reject(id: String, error: GatewayError, code: UInt16, reason: String)
        /// Ask `device.connect`, then call `decided` or `supervisorAway`.
        case ask(DeviceConnectRequest)
        /// Wait for `resolved` or `holdExpired`.
        case hold(requestId: String)
        case hello(id: String, session: GatewaySession, deviceToken: String?, issuedAtMs: Int64?)
    }

    private struct Connect: Sendable {
        var id: String
        var version: Int64
        var parameters: ConnectParameters
        var request: DeviceConnectRequest
    }

    private enum State: Sendable {
        /// → deciding, established, closed
        case awaitingConnect
        /// → holding, established, closed
        case deciding(Connect)
        /// → deciding, closed
        case holding(Connect, DeviceConnectDecision)
        case established
        case closed
    }

    let nonce: String
    let origin: ConnectionOrigin
    private let tokens: SharedTokens
    private var state = State.awaitingConnect

    init(nonce: String, origin: ConnectionOrigin, tokens: SharedTokens) {
        self.nonce = nonce
        self.origin = origin
        self.tokens = tokens
    }

    var isEstablished: Bool { if case .established = state { true } else { false } }

    /// The request that an operator must resolve, while held.
    var heldRequest: String? {
        if case .holding(_, let decision) = state { decision.requestId } else { nil }
    }

    mutating func received(_ bytes: ByteBuffer, now: Int64, isThrottled: Bool = false) -> Action {
        guard case .awaitingConnect = state else {
            return isEstablished ? .ignore : close(1008, "invalid handshake: first request must be connect")
        }
        let request: GatewayRequest
        do throws(GatewayRequest.Problem) {
            request = try GatewayRequest(bytes)
        } catch {
            switch error {
            case .unreadable: return close(1000, "")
            case .invalid: return close(1008, "invalid request frame")
            }
        }
        guard request.method == "connect" else {
            let text = "invalid handshake: first request must be connect"
            return reject(request.id, .invalid(text))
        }
        do {
            return try connect(request, now: now, isThrottled: isThrottled)
        } catch let error as GatewayError {
            let isMismatch = error.details?["code"]?.stringValue == "PROTOCOL_MISMATCH"
            return reject(request.id, error, code: isMismatch ? 1002 : 1008)
        } catch {
            return close(1008, "invalid handshake")
        }
    }

    mutating func decided(_ decision: DeviceConnectDecision) -> Action {
        guard case .deciding(let connect) = state else { return .ignore }
        switch decision.outcome {
        case .granted:
            state = .established
            let session = GatewaySession(
                version: connect.version, role: connect.request.role, scopes: decision.scopes,
                client: connect.parameters.client, provenance: origin.provenance,
                method: connect.request.method ?? .deviceToken, deviceId: connect.request.deviceId)
            return .hello(
                id: connect.id, session: session, deviceToken: decision.deviceToken, issuedAtMs: decision.issuedAtMs)
        case .pending:
            guard let requestId = decision.requestId else { return refusePairing(connect, decision) }
            state = .holding(connect, decision)
            return .hold(requestId: requestId)
        case .refused:
            guard let reason = decision.authReason else { return refusePairing(connect, decision) }
            // A wrong shared token stays what it is when the device token that it might have been is wrong too.
            let candidate = connect.parameters.deviceToken == nil && reason == "device_token_mismatch"
            let error = HandshakeRefusal.unauthorized(
                candidate ? "token_mismatch" : reason, parameters: connect.parameters)
            return reject(connect.id, error)
        }
    }

    /// An operator resolved request `requestId`: ask again.
    mutating func resolved(_ requestId: String) -> Action {
        guard case .holding(let connect, let decision) = state, decision.requestId == requestId else { return .ignore }
        state = .deciding(connect)
        return .ask(connect.request)
    }

    mutating func holdExpired() -> Action {
        guard case .holding(let connect, let decision) = state else { return .ignore }
        return refusePairing(connect, decision)
    }

    mutating func supervisorAway() -> Action {
        guard case .deciding(let connect) = state else { return .ignore }
        return reject(connect.id, HandshakeRefusal.supervisorAway, code: 1013, reason: "gateway starting")
    }

    /// The time for a whole `connect` is over.
    mutating func deadlineExpired() -> Action {
        guard case .awaitingConnect = state else { return .ignore }
        return close(1000, "")
    }

    mutating func disconnected() { state = .closed }

    // MARK: - Steps of a connect, in the reference's order

    private static let versions: ClosedRange<Int64> = 3...4

    private mutating func connect(_ frame: GatewayRequest, now: Int64, isThrottled: Bool) throws -> Action {
        let parameters = try ConnectParameters(frame.params)
        guard parameters.minProtocol <= parameters.maxProtocol, parameters.minProtocol <= Self.versions.upperBound,
            parameters.maxProtocol >= Self.versions.lowerBound
        else { throw HandshakeRefusal.protocolMismatch(parameters) }
        let version = min(parameters.maxProtocol, Self.versions.upperBound)
        guard parameters.role == "operator" || parameters.role == "node" else {
            throw GatewayError.invalid("invalid role")
        }
        guard origin.originIsAllowed else { throw HandshakeRefusal.originNotAllowed }
        guard !isThrottled else { throw HandshakeRefusal.unauthorized("rate_limited", parameters: parameters) }
        let method = parameters.token.flatMap { tokens.method(of: $0) }
        guard let device = parameters.device else {
            return try connectWithoutDevice(frame, parameters, version: version, method: method)
        }
        let key = try DeviceProof(parameters: parameters, device: device, nonce: nonce, nowMilliseconds: now).verify()
        let candidate = parameters.deviceToken ?? parameters.token
        if method == nil && candidate == nil {
            let reason = parameters.bootstrapToken == nil ? "token_missing" : "bootstrap_token_invalid"
            throw HandshakeRefusal.unauthorized(reason, parameters: parameters)
        }
        let client = parameters.client
        let request = DeviceConnectRequest(
            deviceId: device.id, publicKey: key, displayName: client.displayName, platform: client.platform,
            deviceFamily: client.deviceFamily, clientId: client.id, clientMode: client.mode, role: parameters.role,
            scopes: OperatorScopes.asked(parameters.scopes), provenance: origin.provenance, method: method,
            presentedToken: method == nil ? candidate : nil,
            // A proxied connection is treated as a browser's: never approved without being asked for.
            hasOrigin: origin.origin != nil || !origin.isDirect)
        state = .deciding(Connect(id: frame.id, version: version, parameters: parameters, request: request))
        return .ask(request)
    }

    private mutating func connectWithoutDevice(
        _ frame: GatewayRequest, _ parameters: ConnectParameters, version: Int64, method: AuthenticationMethod?
    ) throws -> Action {
        guard let method else {
            if parameters.token != nil { throw HandshakeRefusal.unauthorized("token_mismatch", parameters: parameters) }
            throw HandshakeRefusal.deviceRequired
        }
        if parameters.isControlUI { throw HandshakeRefusal.controlUIDeviceRequired }
        guard parameters.role == "operator" else { throw HandshakeRefusal.deviceRequired }
        var scopes: [String] = []
        if parameters.keepsScopesWithoutDevice && origin.isDirect && origin.origin == nil {
            scopes = OperatorScopes.asked(parameters.scopes)
            if origin.provenance == .sandbox || method != .gatewayToken {
                scopes = scopes.filter(OperatorScopes.automatic.contains)
            }
        }
        state = .established
        let session = GatewaySession(
            version: version, role: "operator", scopes: scopes, client: parameters.client,
            provenance: origin.provenance, method: method)
        return .hello(id: frame.id, session: session, deviceToken: nil, issuedAtMs: nil)
    }

    private mutating func refusePairing(_ connect: Connect, _ decision: DeviceConnectDecision) -> Action {
        let (error, reason) = HandshakeRefusal.pairing(decision, request: connect.request)
        return reject(connect.id, error, reason: reason)
    }

    private mutating func close(_ code: UInt16, _ reason: String) -> Action {
        state = .closed
        return .close(code: code, reason: reason)
    }

    private mutating func reject(
        _ id: String, _ error: GatewayError, code: UInt16 = 1008, reason: String? = nil
    ) -> Action {
        state = .closed
        return .reject(id: id, error: error, code: code, reason: CloseReason.cut(reason ?? error.message))
    }
}
