import Shared
import Testing

@testable import Supervisor

@Suite("who may decide") struct ScopeApprovalTests {
    private static let other = ScopeSamples.identity(2).deviceId
    private static let own = ScopeSamples.identity(1).deviceId

    private static func caller(
        _ scopes: [String], _ method: AuthenticationMethod = .gatewayToken, _ provenance: Provenance = .host,
        device: String? = other
    ) -> DeviceCaller {
        DeviceCaller(deviceId: device, scopes: scopes, method: method, provenance: provenance)
    }

    /// Caller, scopes of the request (device 1), what the caller hears; nil: approved.
    private static let approvals: [(DeviceCaller, [String], String?)] = [
        (caller(["operator.admin"]), ["operator.admin"], nil),
        (caller(["operator.admin"], .deviceToken), ["operator.approvals"], nil),
        (caller(["operator.pairing", "operator.approvals"]), ["operator.approvals"], nil),
        (caller(["operator.pairing", "operator.write"]), ["operator.read"], nil),
        (caller(["operator.approvals"]), ["operator.approvals"], "missing scope: operator.pairing"),
        (caller([]), [], "missing scope: operator.pairing"),
        (caller(["operator.pairing"]), ["operator.approvals"], "missing scope: operator.approvals"),
        (caller(["operator.pairing", "operator.write"]), ["operator.admin"], "missing scope: operator.admin"),
        (caller(["operator.pairing", "operator.x"], .deviceToken), ["operator.x"], "device pairing approval denied"),
        (caller(["operator.pairing", "operator.x"], .deviceToken, device: own), ["operator.x"], nil),
        // From inside the sandbox nothing beyond the policy's auto scopes, whatever the caller holds.
        (caller(["operator.admin"], .gatewayToken, .sandbox), ["operator.admin"], "device pairing approval denied"),
        (caller(["operator.admin"], .sandboxToken, .sandbox), ["operator.x"], "device pairing approval denied"),
        (
            caller(["operator.admin"], .deviceToken, .sandbox, device: own), ["operator.x"],
            "device pairing approval denied"
        ),
        (caller(["operator.admin"], .sandboxToken, .host), ["operator.x"], "device pairing approval denied"),
        (caller(["operator.pairing", "operator.write"], .sandboxToken, .sandbox), ["operator.write"], nil),
    ]

    @Test("approving", arguments: approvals)
    func approving(caller: DeviceCaller, scopes: [String], expected: String?) throws {
        let rules = ApprovalRules(policy: .standard, approver: .connection(caller))
        let request = try ScopeSamples.pending(scopes: scopes)
        var heard: String?
        do { try rules.approve(request) } catch { heard = error.message }
        #expect(heard == expected)
    }

    @Test("a node is approved by the operator or an admin on the host only")
    func nodes() throws {
        let node = try ScopeSamples.pending(roles: ["node"], scopes: [], ceiling: .owner, provenance: .host)
        func heard(_ approver: Approver) -> String? {
            do {
                try ApprovalRules(policy: .standard, approver: approver).approve(node)
                return nil
            } catch { return error.message }
        }
        #expect(heard(.operator(uid: 0)) == nil)
        #expect(heard(.connection(Self.caller(["operator.admin"]))) == nil)
        let denied = "device pairing approval denied"
        #expect(heard(.connection(Self.caller(["operator.pairing", "operator.write"]))) == denied)
        #expect(heard(.connection(Self.caller(["operator.admin"], .sandboxToken, .sandbox))) == denied)
        var stranger = node
        stranger.scopes = ["operator.read"]
        #expect(
            throws: NemoClawError(.forbidden, "invalid scope for requested roles: operator.read")
        ) {
            try ApprovalRules(policy: .standard, approver: .connection(Self.caller(["operator.admin"])))
                .approve(stranger)
        }
    }

    @Test("the sandbox cannot see, reject or remove what belongs to the host")
    func hostIsOutOfReach() async throws {
        try await ScopeWorld.with { world in
            _ = try await world.connect(ScopeSamples.ownerRequest(device: 1, scopes: ["operator.admin"]))
            let node = try await world.connect(ScopeSamples.ownerRequest(device: 3, scopes: [], role: "node"))
            let inside = Self.caller(["operator.admin", "operator.pairing"], .sandboxToken, .sandbox)
            let listed = try await world.authority.list(sandbox: world.alpha, caller: inside)
            #expect(listed == ["pending": [], "paired": []])
            let id = try #require(node.requestId)
            for attempt in [id, "made-up"] {
                await expectCode(.forbidden) {
                    try await world.authority.reject(requestId: attempt, sandbox: world.alpha, by: .connection(inside))
                }
                await expectCode(.forbidden) {
                    try await world.authority.approve(requestId: attempt, sandbox: world.alpha, by: .connection(inside))
                }
            }
            for attempt in [Self.own, "made-up"] {
                await expectCode(.forbidden) {
                    try await world.authority.remove(
                        deviceId: attempt, sandbox: world.alpha, by: .connection(inside))
                }
            }
            let full = try await world.authority.list(sandbox: world.alpha, caller: nil)
            #expect(full["pending"]?.arrayValue?.count == 1)
            #expect(full["paired"]?.arrayValue?.count == 1)
        }
    }

    @Test("a connection cannot decide about another sandbox's request")
    func otherSandbox() async throws {
        try await ScopeWorld.with { world in
            let held = try await world.connect(ScopeSamples.request(scopes: ["operator.admin"]))
            let id = try #require(held.requestId)
            let admin = Approver.connection(Self.caller(["operator.admin"]))
            await expectCode(.notFound) {
                try await world.authority.approve(requestId: id, sandbox: world.beta, by: admin)
            }
            #expect(try await world.authority.pending().count == 1)
            _ = try await world.authority.approve(requestId: id, sandbox: world.alpha, by: admin)
            #expect(try await world.connect(ScopeSamples.request(scopes: ["operator.admin"])).outcome == .granted)
        }
    }

    @Test("approving hands out no token; rejecting lets the device ask again under a new id")
    func results() async throws {
        try await ScopeWorld.with { world in
            let request = ScopeSamples.request(scopes: ["operator.admin"])
            let first = try #require(try await world.connect(request).requestId)
            let (rejected, _) = try await world.authority.reject(requestId: first, by: .operator(uid: 0))
            #expect(rejected == ["requestId": .string(first), "deviceId": .string(request.deviceId)])
            let second = try #require(try await world.connect(request).requestId)
            #expect(first != second)
            let (approved, _) = try await world.authority.approve(requestId: second, by: .operator(uid: 0))
            #expect(approved["device"]?["tokens"] == [])
            #expect(approved["device"]?["approvedVia"] == "owner")
            #expect(approved["device"]?["approvedScopes"] == nil)
        }
    }

    @Test("the list has OpenClaw's members and no secret")
    func listShape() async throws {
        try await ScopeWorld.with { world in
            let granted = try await world.connect(ScopeSamples.request(scopes: ["operator.read"]))
            _ = try await world.connect(ScopeSamples.request(device: 2, scopes: ["operator.admin"]))
            let list = try await world.authority.list(
                sandbox: world.alpha, caller: Self.caller(["operator.pairing"]))
            let paired = try #require(list["paired"]?.arrayValue?.first)
            #expect(
                paired.objectValue.map { Set($0.keys) } == [
                    "deviceId", "publicKey", "displayName", "platform", "clientId", "clientMode", "role", "roles",
                    "scopes", "approvedVia", "createdAtMs", "approvedAtMs", "lastSeenAtMs", "lastSeenReason", "tokens",
                ])
            #expect(
                paired["tokens"]?.arrayValue?.first?.objectValue.map { Set($0.keys) } == [
                    "role", "scopes", "createdAtMs", "lastUsedAtMs",
                ])
            let pending = try #require(list["pending"]?.arrayValue?.first)
            #expect(
                pending.objectValue.map { Set($0.keys) } == [
                    "requestId", "deviceId", "publicKey", "displayName", "platform", "clientId", "clientMode", "role",
                    "roles", "scopes", "silent", "isRepair", "ts",
                ])
            let text = String(decoding: try JSONCoding.encode(list), as: UTF8.self)
            #expect(!text.contains(try #require(granted.deviceToken)))
        }
    }
}
