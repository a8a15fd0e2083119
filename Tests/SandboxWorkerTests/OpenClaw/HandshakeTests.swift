import NIOCore
import Shared
import Testing

@testable import SandboxWorker

@Suite struct HandshakeTests {
    private static let tokens = SharedTokens(gateway: Secret("tok-123"), sandbox: Secret("inner"))

    private func machine(_ provenance: Provenance = .host, origin: String? = nil, isDirect: Bool = true)
        -> HandshakeStateMachine
    {
        HandshakeStateMachine(
            nonce: Vector.nonce, origin: ConnectionOrigin(provenance: provenance, origin: origin, isDirect: isDirect),
            tokens: Self.tokens)
    }

    private func frame(_ params: JSONValue, method: String = "connect") -> ByteBuffer {
        let value: JSONValue = ["type": "req", "id": "c1", "method": .string(method), "params": params]
        return ByteBuffer(bytes: (try? JSONCoding.encode(value)) ?? [])
    }

    private func connect(_ machine: inout HandshakeStateMachine, _ params: JSONValue) -> HandshakeStateMachine.Action {
        machine.received(frame(params), now: Vector.signedAt)
    }

    private func code(_ action: HandshakeStateMachine.Action) -> String? {
        guard case .reject(_, let error, _, _) = action else { return nil }
        return error.details?["code"]?.stringValue ?? error.message
    }

    @Test("a signed connect with the gateway token asks the supervisor, and its grant is hello")
    func granted() throws {
        var machine = machine()
        guard case .ask(let request) = connect(&machine, Vector.params()) else {
            Issue.record("no question")
            return
        }
        #expect(request.method == .gatewayToken && request.presentedToken == nil && request.provenance == .host)
        #expect(request.scopes == ["operator.read", "operator.write"] && !request.hasOrigin)
        let action = machine.decided(
            DeviceConnectDecision(outcome: .granted, scopes: ["operator.read"], deviceToken: "d", issuedAtMs: 5))
        guard case .hello(let id, let session, let token, let time) = action else {
            Issue.record("no hello")
            return
        }
        #expect(id == "c1" && token == "d" && time == 5)
        #expect(session.version == 4 && session.scopes == ["operator.read"] && session.deviceId == Vector.deviceId)
        #expect(machine.isEstablished)
    }

    @Test("an unknown token with a device goes to the supervisor as a candidate device token")
    func candidate() throws {
        var other = HandshakeStateMachine(
            nonce: Vector.nonce, origin: ConnectionOrigin(provenance: .sandbox, origin: nil, isDirect: true),
            tokens: SharedTokens(gateway: Secret("x"), sandbox: Secret("y")))
        guard case .ask(let request) = connect(&other, Vector.params()) else {
            Issue.record("no question")
            return
        }
        #expect(request.method == nil && request.presentedToken == "tok-123" && request.provenance == .sandbox)
        let refusal = other.decided(DeviceConnectDecision(outcome: .refused, authReason: "device_token_mismatch"))
        #expect(code(refusal) == "AUTH_TOKEN_MISMATCH")
    }

    @Test("a pending decision is held; its resolution asks again; its end is NOT_PAIRED with a command")
    func held() throws {
        var machine = machine()
        _ = connect(&machine, Vector.params())
        let pending = DeviceConnectDecision(
            outcome: .pending, reason: .scopeUpgrade, requestId: "req-1", approvedRoles: ["operator"],
            approvedScopes: ["operator.read"])
        #expect(machine.decided(pending) == .hold(requestId: "req-1"))
        #expect(machine.heldRequest == "req-1")
        #expect(machine.resolved("req-2") == .ignore)
        guard case .ask = machine.resolved("req-1") else {
            Issue.record("not asked again")
            return
        }
        #expect(machine.decided(pending) == .hold(requestId: "req-1"))
        guard case .reject(_, let error, let code, let reason) = machine.holdExpired() else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .notPaired && code == 1008 && reason.utf8.count <= 120)
        #expect(reason.hasPrefix("pairing required: device is asking for more scopes than currently approved"))
        #expect(error.details?["code"] == "PAIRING_REQUIRED" && error.details?["reason"] == "scope-upgrade")
        #expect(error.details?["requestId"] == "req-1" && error.details?["approvedScopes"] == ["operator.read"])
        #expect(error.details?["remediationHint"]?.stringValue?.contains("nemoclaw approvals approve req-1") == true)
        #expect(machine.holdExpired() == .ignore)
    }

    @Test("a request id that is no id never gets into a command")
    func hostileRequestID() {
        var machine = machine()
        _ = connect(&machine, Vector.params())
        _ = machine.decided(DeviceConnectDecision(outcome: .pending, reason: .notPaired, requestId: "x; rm -rf /"))
        guard case .reject(_, let error, _, _) = machine.holdExpired() else {
            Issue.record("not refused")
            return
        }
        #expect(error.details?["remediationHint"]?.stringValue?.contains("rm") == false)
        #expect(error.details?["requestId"] == nil)
    }

    @Test("without a supervisor a connect is told to come back")
    func away() {
        var machine = machine()
        _ = connect(&machine, Vector.params())
        guard case .reject(_, let error, 1013, _) = machine.supervisorAway() else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .unavailable && error.retryable == true)
    }

    @Test(
        "versions 3 and 4 are served, the highest common one wins",
        arguments: [(3, 3, 3), (3, 4, 4), (1, 9, 4), (4, 4, 4), (4, 99, 4)] as [(Int64, Int64, Int64)])
    func versions(low: Int64, high: Int64, chosen: Int64) {
        var machine = machine()
        let action = connect(&machine, Vector.params(signature: nil, minProtocol: low, maxProtocol: high))
        guard case .hello(_, let session, _, _) = action else {
            Issue.record("no hello")
            return
        }
        #expect(session.version == chosen)
    }

    @Test("other versions are a mismatch and close 1002", arguments: [(1, 2), (5, 9), (4, 3)] as [(Int64, Int64)])
    func mismatch(low: Int64, high: Int64) {
        var machine = machine()
        let action = connect(&machine, Vector.params(signature: nil, minProtocol: low, maxProtocol: high))
        guard case .reject(_, let error, 1002, _) = action else {
            Issue.record("not refused")
            return
        }
        #expect(error.details?["code"] == "PROTOCOL_MISMATCH" && error.details?["expectedProtocol"] == 4)
    }

    @Test("without a device the command line keeps its scopes; from inside only automatic ones")
    func withoutDevice() {
        let params = Vector.params(signature: nil, scopes: ["operator.admin", "operator.write"])
        var host = machine()
        var inside = machine(.sandbox)
        var proxied = machine(isDirect: false)
        for (machine, expected) in [
            (connect(&host, params), ["operator.admin", "operator.write"]),
            (connect(&inside, params), ["operator.write"]), (connect(&proxied, params), []),
        ] {
            guard case .hello(_, let session, _, _) = machine else {
                Issue.record("no hello")
                continue
            }
            #expect(session.scopes == expected)
        }
    }

    @Test(
        "the sandbox's token never carries admin without a device, on either listener", arguments: Provenance.allCases)
    func sandboxToken(provenance: Provenance) {
        var machine = machine(provenance)
        let params = Vector.params(signature: nil, token: "inner", scopes: ["operator.admin", "operator.read"])
        guard case .hello(_, let session, _, _) = connect(&machine, params) else {
            Issue.record("no hello")
            return
        }
        #expect(session.scopes == ["operator.read"] && session.method == .sandboxToken)
    }

    @Test(
        "refusals name their reason",
        arguments: [
            (Vector.params(signature: nil, token: "wrong"), "AUTH_TOKEN_MISMATCH"),
            (Vector.params(signature: nil, token: nil), "DEVICE_IDENTITY_REQUIRED"),
            (Vector.params(signature: nil, role: "node"), "DEVICE_IDENTITY_REQUIRED"),
            (Vector.params(signature: nil, role: "god"), "invalid role"),
            (Vector.params(signature: "AAAA"), "DEVICE_AUTH_SIGNATURE_INVALID"),
        ])
    func refusals(params: JSONValue, expected: String) {
        var machine = machine()
        #expect(code(connect(&machine, params)) == expected)
    }

    @Test("params of connect are closed")
    func closed() {
        var machine = machine()
        var members = Vector.params(signature: nil).objectValue ?? [:]
        members["extra"] = true
        #expect(
            code(connect(&machine, .object(members))) == "invalid connect params: at root: unexpected property 'extra'")
    }

    @Test(
        "pages of other origins are refused",
        arguments: [
            ("http://evil.example", true, false), ("http://localhost:3000", true, true),
            ("http://127.0.0.1:18789", true, true), ("https://[::1]:8", true, true),
            ("http://localhost.evil.example", true, false), ("null", true, false),
            ("http://localhost:3000", false, false), ("http://127.0.0.1.evil.example", true, false),
            ("http://localhost:80@evil.example", true, false), ("file://localhost", true, false),
        ])
    func origins(origin: String, isDirect: Bool, isAllowed: Bool) {
        var machine = machine(origin: origin, isDirect: isDirect)
        let refused = code(connect(&machine, Vector.params())) == "CONTROL_UI_ORIGIN_NOT_ALLOWED"
        #expect(refused != isAllowed)
    }

    @Test("what is no connect ends the socket")
    func garbage() {
        var first = machine()
        #expect(first.received(ByteBuffer(string: "{"), now: 0) == .close(code: 1000, reason: ""))
        var second = machine()
        #expect(
            second.received(ByteBuffer(string: #"{"jsonrpc":"2.0","id":1,"method":"connect"}"#), now: 0)
                == .close(code: 1008, reason: "invalid request frame"))
        var third = machine()
        guard
            case .reject(_, _, 1008, "invalid handshake: first request must be connect") = third.received(
                frame([:], method: "health"), now: 0)
        else {
            Issue.record("not refused")
            return
        }
        var fourth = machine()
        #expect(fourth.deadlineExpired() == .close(code: 1000, reason: ""))
        var fifth = machine()
        _ = connect(&fifth, Vector.params())
        #expect(
            connect(&fifth, Vector.params())
                == .close(code: 1008, reason: "invalid handshake: first request must be connect"))
        #expect(fifth.decided(DeviceConnectDecision(outcome: .granted)) == .ignore)
    }

    @Test("a browser that guessed too often is locked out for a while")
    func throttle() {
        var throttle = AuthenticationThrottle()
        for time in 0..<10 { throttle.failed(at: Int64(time)) }
        #expect(throttle.isLocked(at: 10) && throttle.isLocked(at: 299_000) && !throttle.isLocked(at: 301_000))
        var machine = machine(origin: "http://localhost:1")
        let action = machine.received(frame(Vector.params()), now: Vector.signedAt, isThrottled: true)
        #expect(code(action) == "AUTH_RATE_LIMITED")
    }
}
