import Shared
import Testing

@testable import Supervisor

@Suite("device methods on the link") struct ScopeLinkMethodsTests {
    private let admin: JSONValue = ["scopes": ["operator.admin"], "method": "gatewayToken", "provenance": "host"]

    @Test("connect, list, approve, reject and remove over JSON")
    func wholeLife() async throws {
        try await ScopeWorld.with { world in
            let methods = ScopeLinkMethods(authority: world.authority)
            let connect = try JSONCoding.value(ScopeSamples.request(scopes: ["operator.admin"]))
            let held = try await methods.handle(method: "device.connect", params: connect, sandbox: world.alpha)
            #expect(held.result["outcome"] == "pending" && held.result["reason"] == "not-paired")
            let id = try #require(held.result["requestId"])
            guard case .tell("device.requested", let told) = held.events.first?.tell else { throw TestFailure() }
            #expect(told["requestId"] == id)

            let list = try await methods.handle(
                method: "device.list", params: ["caller": admin], sandbox: world.alpha)
            #expect(list.result["pending"]?.arrayValue?.first?["requestId"] == id)

            let approved = try await methods.handle(
                method: "device.approve", params: ["caller": admin, "requestId": id], sandbox: world.alpha)
            #expect(approved.result["requestId"] == id)
            #expect(
                approved.events.map(\.tell) == [
                    .tell(
                        method: "device.resolved",
                        params: [
                            "requestId": id, "deviceId": .string(ScopeSamples.identity(1).deviceId),
                            "decision": "approved",
                        ])
                ])
            let granted = try await methods.handle(method: "device.connect", params: connect, sandbox: world.alpha)
            let decision = try JSONCoding.decode(DeviceConnectDecision.self, from: granted.result)
            #expect(decision.outcome == .granted && decision.deviceToken != nil)

            let deviceId = JSONValue.string(ScopeSamples.identity(1).deviceId)
            let removed = try await methods.handle(
                method: "device.remove", params: ["caller": admin, "deviceId": deviceId], sandbox: world.alpha)
            #expect(removed.result == ["deviceId": deviceId])
            #expect(
                removed.events.map(\.tell) == [.tell(method: "device.revoked", params: ["deviceId": deviceId])])
        }
    }

    @Test(
        "parameters that are missing or wrong are errors",
        arguments: [
            ("device.connect", [:], .protocolViolation), ("device.list", [:], .protocolViolation),
            ("device.approve", ["requestId": "x"], .protocolViolation),
            ("device.approve", ["caller": ["scopes": [], "method": "root", "provenance": "host"]], .protocolViolation),
            (
                "device.reject", ["caller": ["scopes": [], "method": "gatewayToken", "provenance": "host"]],
                .invalidArgument
            ),
            ("device.remove", ["caller": 1], .protocolViolation), ("device.erase", [:], .unknownMethod),
        ] as [(String, JSONValue, ErrorCode)])
    func wrong(method: String, params: JSONValue, expected: ErrorCode) async throws {
        try await ScopeWorld.with { world in
            let methods = ScopeLinkMethods(authority: world.authority)
            await expectCode(expected) {
                try await methods.handle(method: method, params: params, sandbox: world.alpha)
            }
        }
    }
}
