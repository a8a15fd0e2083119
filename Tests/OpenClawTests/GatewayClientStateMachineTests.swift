import Shared
import Testing

@testable import OpenClaw

@Suite("Gateway client state machine")
struct GatewayClientStateMachineTests {
    private let challenge = GatewayFrame.event(name: "connect.challenge", payload: ["nonce": "n"])
    private let helloPayload: JSONValue = [
        "type": "hello-ok", "protocol": 4, "server": ["version": "1"],
        "auth": ["role": "operator", "scopes": ["operator.write"], "deviceToken": "t"],
    ]

    private var hello: GatewayFrame { .response(id: "connect", ok: true, payload: helloPayload, error: .null) }

    private func ready() -> GatewayClientStateMachine {
        var machine = GatewayClientStateMachine()
        _ = machine.received(challenge)
        _ = machine.received(hello)
        return machine
    }

    @Test("challenge, connect, hello, request, answer")
    func happyPath() throws {
        var machine = GatewayClientStateMachine()
        #expect(machine.begin(expectingFinal: false) == nil)
        #expect(machine.received(challenge) == .sendConnect(nonce: "n", id: "connect"))
        let greeting = try #require(GatewayHello(helloPayload))
        #expect(greeting.issued?.token == "t")
        #expect(machine.received(hello) == .ready(greeting))
        let begun = machine.begin(expectingFinal: true)
        let id = try #require(begun)
        let accepted = GatewayFrame.response(id: id, ok: true, payload: ["status": "accepted"], error: .null)
        #expect(machine.received(accepted) == .nothing)
        #expect(machine.received(.event(name: "tick", payload: [:])) == .event(name: "tick", payload: [:]))
        let final = GatewayFrame.response(id: id, ok: true, payload: ["status": "ok"], error: .null)
        #expect(machine.received(final) == .answer(id: id, payload: ["status": "ok"]))
        #expect(machine.received(final) == .nothing, "a second final answer is not ours any more")
    }

    @Test("answers before the challenge, to other ids, or after our deadline change nothing")
    func strayAnswers() throws {
        var machine = GatewayClientStateMachine()
        #expect(machine.received(hello) == .nothing)
        machine = ready()
        #expect(machine.received(challenge) == .event(name: "connect.challenge", payload: ["nonce": "n"]))
        #expect(machine.received(.response(id: "r99", ok: true, payload: .null, error: .null)) == .nothing)
        let begun = machine.begin(expectingFinal: false)
        let id = try #require(begun)
        machine.expire(id)
        #expect(machine.received(.response(id: id, ok: true, payload: .null, error: .null)) == .nothing)
        #expect(machine.received(.unknown) == .nothing)
    }

    @Test("a refused connect ends everything, and the close behind it says nothing new")
    func refused() {
        var machine = GatewayClientStateMachine()
        _ = machine.received(challenge)
        let error: JSONValue = ["code": "NOT_PAIRED", "message": "m", "details": ["requestId": "abc-1"]]
        let action = machine.received(.response(id: "connect", ok: false, payload: .null, error: error))
        #expect(action == .end(GatewayRefusal(phase: .connect, error: error)))
        #expect(machine.closed(code: 1008, reason: "m") == .nothing)
        #expect(machine.handshakeExpired() == .nothing)
        #expect(machine.begin(expectingFinal: false) == nil)
    }

    @Test("only a gateway that comes or goes is tried again", arguments: [1012, 1013, 1006, 1001])
    func restarts(code: Int) {
        var connecting = GatewayClientStateMachine()
        guard case .end(let before) = connecting.closed(code: code, reason: "") else { return #expect(Bool(false)) }
        #expect(before.isRestart)
        var running = ready()
        guard case .end(let during) = running.closed(code: code, reason: "") else { return #expect(Bool(false)) }
        #expect(!during.isRestart, "a run may be under way: it must not be started twice")
    }

    @Test("a policy close or a refusal is not tried again")
    func final() {
        var machine = GatewayClientStateMachine()
        guard case .end(let refusal) = machine.closed(code: 1008, reason: "pairing required") else {
            return #expect(Bool(false))
        }
        #expect(!refusal.isRestart)
        #expect(!GatewayRefusal(phase: .connect, error: ["code": "UNAVAILABLE"]).isRestart)
        #expect(GatewayRefusal(phase: .connect, error: ["code": "UNAVAILABLE", "retryable": true]).isRestart)
    }

    @Test("a challenge without a nonce and a hello that is none end the handshake")
    func nonsense() {
        var machine = GatewayClientStateMachine()
        guard case .end = machine.received(.event(name: "connect.challenge", payload: [:])) else {
            return #expect(Bool(false))
        }
        machine = GatewayClientStateMachine()
        _ = machine.received(challenge)
        guard case .end = machine.received(.response(id: "connect", ok: true, payload: [:], error: .null)) else {
            return #expect(Bool(false))
        }
    }

    @Test("each step of the handshake has its own deadline text")
    func deadlines() {
        var machine = GatewayClientStateMachine()
        guard case .end(let first) = machine.handshakeExpired() else { return #expect(Bool(false)) }
        machine = GatewayClientStateMachine()
        _ = machine.received(challenge)
        guard case .end(let second) = machine.handshakeExpired() else { return #expect(Bool(false)) }
        #expect(first.message != second.message)
        var running = ready()
        #expect(running.handshakeExpired() == .nothing)
    }

    @Test("a request id that is not one never reaches a command that the user is told to type")
    func hostileRequestId() {
        let error: JSONValue = [
            "code": "NOT_PAIRED", "message": "m",
            "details": ["reason": "scope-upgrade", "requestId": "x; rm -rf ~"],
        ]
        let refusal = GatewayRefusal(phase: .connect, error: error)
        let target = GatewayTarget(host: "127.0.0.1", port: 1, path: "/", usesTLS: false, source: "")
        #expect(refusal.requestId == nil)
        #expect(refusal.explained(target: target).hint == "On the host, run: nemoclaw approvals")
    }
}
