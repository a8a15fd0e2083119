import Shared
import Testing

@testable import Supervisor

@Suite("connecting") struct ScopeConnectTests {
    @Test("out of the sandbox: first pairing and the upgrade to write are approved at once, nobody is asked")
    func issue4263() async throws {
        try await ScopeWorld.with { world in
            for sandbox in [world.alpha, world.beta] {
                for scopes in [["operator.read"], ["operator.write"], ["operator.pairing"]] {
                    let (decision, events) = try await world.authority.connect(
                        ScopeSamples.request(scopes: scopes), sandbox: sandbox)
                    #expect(decision.outcome == .granted)
                    #expect(decision.scopes == ScopeRules.normalized(scopes))
                    #expect(decision.deviceToken?.utf8.count == 43)
                    #expect(events.isEmpty)
                }
            }
            #expect(try await world.authority.pending().isEmpty)
            let rules = try await world.store.audit(sandbox: world.alpha).map(\.rule)
            #expect(rules == [.autoPolicy, .autoPolicy, .autoPolicy])
        }
    }

    @Test("the gateway token on the host gets admin, the same token in the sandbox does not")
    func owner() async throws {
        try await ScopeWorld.with { world in
            let outside = try await world.connect(ScopeSamples.ownerRequest(scopes: ["operator.admin"]))
            #expect(outside.outcome == .granted)
            #expect(outside.scopes == ["operator.admin", "operator.read", "operator.write"])
            let inside = try await world.connect(
                ScopeSamples.request(scopes: ["operator.admin"], provenance: .sandbox, method: .gatewayToken))
            #expect(inside.outcome == .pending)
            let withSandboxToken = try await world.connect(
                ScopeSamples.request(scopes: ["operator.admin"], provenance: .host, method: .sandboxToken))
            #expect(withSandboxToken.outcome == .pending)
        }
    }

    @Test("more than the policy gives waits, is told once, and is granted after a person agreed")
    func holdAndApprove() async throws {
        try await ScopeWorld.with { world in
            let request = ScopeSamples.request(scopes: ["operator.admin"])
            let (held, events) = try await world.authority.connect(request, sandbox: world.alpha)
            #expect(held.outcome == .pending && held.reason == .notPaired && held.deviceToken == nil)
            let id = try #require(held.requestId)
            #expect(id.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) })
            guard case .requested(let pending) = events.first else { throw TestFailure() }
            #expect(events.count == 1 && pending.requestId == id)
            #expect(try await world.authority.pending().map(\.requestId) == [id])

            world.clock.pass(milliseconds: 60_000)
            let again = try await world.authority.connect(request, sandbox: world.alpha)
            #expect(again.decision.requestId == id && again.events.isEmpty)

            let (_, resolved) = try await world.authority.approve(requestId: id, by: .operator(uid: 0))
            #expect(
                resolved == [
                    .resolved(requestId: id, deviceId: request.deviceId, decision: .approved, sandbox: world.alpha)
                ])
            let granted = try await world.connect(request)
            #expect(granted.outcome == .granted && granted.deviceToken != nil)
            #expect(try await world.authority.pending().isEmpty)
        }
    }

    @Test("asking for more while a request waits replaces it with both, and the old one is rejected")
    func wider() async throws {
        try await ScopeWorld.with { world in
            let first = try await world.connect(ScopeSamples.request(scopes: ["operator.approvals"]))
            let (second, events) = try await world.authority.connect(
                ScopeSamples.request(scopes: ["operator.talk.secrets"]), sandbox: world.alpha)
            #expect(first.requestId != second.requestId)
            let waiting = try await world.authority.pending()
            #expect(waiting.map(\.scopes) == [["operator.approvals", "operator.talk.secrets"]])
            #expect(
                events.first
                    == .resolved(
                        requestId: try #require(first.requestId), deviceId: ScopeSamples.identity(1).deviceId,
                        decision: .rejected, sandbox: world.alpha))
            #expect(events.count == 2)
            await expectCode(.notFound) {
                try await world.authority.approve(requestId: first.requestId ?? "", by: .operator(uid: 0))
            }
        }
    }

    @Test("a request waits five minutes after it was last asked for, not longer")
    func expiry() async throws {
        try await ScopeWorld.with { world in
            let request = ScopeSamples.request(scopes: ["operator.admin"])
            let first = try await world.connect(request)
            world.clock.pass(milliseconds: 299_999)
            #expect(try await world.connect(request).requestId == first.requestId)
            world.clock.pass(milliseconds: 299_999)
            #expect(try await world.authority.pending().count == 1)
            world.clock.pass(milliseconds: 1)
            #expect(try await world.authority.pending().isEmpty)
            await expectCode(.notFound) {
                try await world.authority.approve(requestId: first.requestId ?? "", by: .operator(uid: 0))
            }
            #expect(try await world.connect(request).requestId != first.requestId)
        }
    }

    @Test("a waiting request ends as approved when the owner's token brought all of it")
    func settled() async throws {
        try await ScopeWorld.with { world in
            let owner = try await world.connect(ScopeSamples.ownerRequest(scopes: ["operator.read"]))
            let moved = ScopeSamples.request(
                scopes: ["operator.read"], provenance: .host, method: nil, token: owner.deviceToken,
                platform: "freebsd")
            let held = try await world.connect(moved)
            #expect(held.outcome == .pending && held.reason == .metadataUpgrade)
            let (_, events) = try await world.authority.connect(
                ScopeSamples.ownerRequest(scopes: ["operator.read"], platform: "freebsd"), sandbox: world.alpha)
            #expect(
                events == [
                    .resolved(
                        requestId: try #require(held.requestId), deviceId: moved.deviceId, decision: .approved,
                        sandbox: world.alpha)
                ])
            #expect(try await world.connect(moved).outcome == .granted)
        }
    }

    @Test("what the owner's token brings on the host settles no request of the sandbox or for another role")
    func notSettled() async throws {
        try await ScopeWorld.with { world in
            let inside = try await world.connect(ScopeSamples.request(device: 1, scopes: ["operator.admin"]))
            let node = try await world.connect(ScopeSamples.ownerRequest(device: 2, scopes: [], role: "node"))
            for device in [1, 2] {
                let (decision, events) = try await world.authority.connect(
                    ScopeSamples.ownerRequest(device: device, scopes: ["operator.admin"]), sandbox: world.alpha)
                #expect(decision.outcome == .granted && events.isEmpty)
            }
            let waiting = try await world.authority.pending().map(\.requestId)
            #expect(Set(waiting) == [try #require(inside.requestId), try #require(node.requestId)])
        }
    }

    @Test("a denied scope is refused and leaves nothing waiting")
    func denied() async throws {
        try await ScopeWorld.with { world in
            try await world.store.setScopePolicy(
                world.alpha, ScopePolicy(auto: ["operator.read"], deny: ["operator.admin"]))
            let decision = try await world.connect(ScopeSamples.request(scopes: ["operator.admin"]))
            #expect(decision.outcome == .refused && decision.authReason == "scope_denied")
            #expect(decision.requestId == nil)
            #expect(try await world.authority.pending().isEmpty)
            #expect(try await world.connect(ScopeSamples.ownerRequest(scopes: ["operator.admin"])).outcome == .granted)
        }
    }

    @Test("devices of one sandbox are strangers in another")
    func apart() async throws {
        try await ScopeWorld.with { world in
            let granted = try await world.connect(ScopeSamples.request(scopes: ["operator.read"]))
            let elsewhere = try await world.authority.connect(
                ScopeSamples.request(scopes: ["operator.read"], method: nil, token: granted.deviceToken),
                sandbox: world.beta)
            #expect(elsewhere.decision.authReason == "device_token_mismatch")
        }
    }

    @Test(
        "malformed requests are errors and leave no trace",
        arguments: [
            { $0.deviceId = String(repeating: "0", count: 64) }, { $0.deviceId = $0.deviceId.uppercased() },
            { $0.publicKey += "=" }, { $0.publicKey = "" }, { $0.publicKey = "../../etc" }, { $0.role = "admin" },
            { $0.role = "" }, { $0.scopes = ["operator.read; drop"] },
            { $0.scopes = Array(repeating: "operator.read", count: 65) },
        ] as [@Sendable (inout DeviceConnectRequest) -> Void])
    func malformed(change: @Sendable (inout DeviceConnectRequest) -> Void) async throws {
        try await ScopeWorld.with { world in
            var request = ScopeSamples.request(scopes: ["operator.read"])
            change(&request)
            await expectCode(.invalidArgument) { try await world.connect(request) }
            let rows = try await world.store.audit()
            #expect(rows.isEmpty)
        }
    }

    @Test("what a device tells about itself is cut and made printable")
    func cleaned() async throws {
        try await ScopeWorld.with { world in
            var request = ScopeSamples.request(scopes: ["operator.admin"])
            request.displayName = "\u{1b}[2J\u{202e}evil\n" + String(repeating: "x", count: 1000)
            request.clientId = String(repeating: "c", count: 10_000)
            _ = try await world.connect(request)
            let record = try #require(try await world.authority.pending().first)
            #expect(record.displayName?.hasPrefix("?[2J?evil?") == true)
            #expect(record.displayName?.unicodeScalars.count == 128)
            #expect(record.clientId.utf8.count == 64)
        }
    }

    @Test("an unknown sandbox is an error")
    func unknownSandbox() async throws {
        try await ScopeWorld.with { world in
            let nobody = try SandboxName("nobody")
            await expectCode(.notFound) {
                try await world.authority.connect(ScopeSamples.request(scopes: []), sandbox: nobody)
            }
        }
    }
}

struct TestFailure: Error {}
