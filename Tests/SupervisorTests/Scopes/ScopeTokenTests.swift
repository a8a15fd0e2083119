import GRDB
import Shared
import Testing

@testable import Supervisor

@Suite("device tokens") struct ScopeTokenTests {
    private func token(_ world: ScopeWorld, _ scopes: [String]) async throws -> String {
        try #require(try await world.connect(ScopeSamples.request(scopes: scopes)).deviceToken)
    }

    @Test("a token opens the door again, is echoed and stays the same")
    func reuse() async throws {
        try await ScopeWorld.with { world in
            let token = try await token(world, ["operator.write"])
            for method in [AuthenticationMethod.sandboxToken, .deviceToken, nil] {
                let again = try await world.connect(
                    ScopeSamples.request(scopes: ["operator.read"], method: method, token: token))
                #expect(again.outcome == .granted && again.deviceToken == token)
                #expect(again.scopes == ["operator.read"], "a wider token does not widen the connection")
            }
        }
    }

    @Test("a token for too little, of another role, of another device or made up is refused")
    func wrong() async throws {
        try await ScopeWorld.with { world in
            let token = try await token(world, ["operator.read"])
            func reason(_ request: DeviceConnectRequest) async throws -> String? {
                let decision = try await world.connect(request)
                #expect(decision.outcome == .refused && decision.deviceToken == nil)
                return decision.authReason
            }
            let wide = ScopeSamples.request(scopes: ["operator.write"], method: nil, token: token)
            #expect(try await reason(wide) == "scope_mismatch")
            let node = ScopeSamples.request(scopes: [], role: "node", method: nil, token: token)
            #expect(try await reason(node) == "device_token_mismatch")
            let other = ScopeSamples.request(device: 2, scopes: [], method: nil, token: token)
            #expect(try await reason(other) == "device_token_mismatch")
            let long = ScopeSamples.request(
                scopes: [], method: .deviceToken, token: String(repeating: "x", count: 100_000))
            #expect(try await reason(long) == "device_token_mismatch")
            let none = ScopeSamples.request(scopes: [], method: nil, token: nil)
            #expect(try await reason(none) == "token_mismatch")
        }
    }

    @Test("a shared token that is shown as candidate is never kept or echoed")
    func sharedTokenAsCandidate() async throws {
        try await ScopeWorld.with { world in
            let decision = try await world.connect(
                ScopeSamples.request(scopes: ["operator.read"], token: "the-sandbox-token"))
            #expect(decision.outcome == .granted && decision.deviceToken != "the-sandbox-token")
        }
    }

    @Test("eight processes of a device keep their tokens; the one not used for longest dies first")
    func severalLive() async throws {
        try await ScopeWorld.with { world in
            var tokens: [String] = []
            for _ in 0..<ScopeLimits.tokens {
                tokens.append(try await token(world, ["operator.read"]))
                world.clock.pass(milliseconds: 61_000)
            }
            func isLive(_ token: String) async throws -> Bool {
                try await world.connect(
                    ScopeSamples.request(scopes: ["operator.read"], method: nil, token: token)
                ).outcome == .granted
            }
            for token in tokens { #expect(try await isLive(token)) }
            world.clock.pass(milliseconds: 61_000)
            #expect(try await isLive(tokens[0]))
            let newest = try await token(world, ["operator.read"])
            #expect(try await !isLive(tokens[1]))
            for token in [tokens[0], newest] + tokens[2...] { #expect(try await isLive(token)) }
        }
    }

    @Test("nothing in the files of the registry is a token")
    func hashed() async throws {
        try await ScopeWorld.with { world in
            let token = try await token(world, ["operator.read"])
            let rows = try await world.store.read { database in
                try ["devices", "deviceTokens", "pendingRequests", "audit"].flatMap {
                    try Row.fetchAll(database, sql: "SELECT * FROM \($0)").map(\.description)
                }
            }
            #expect(rows.count == 3)
            #expect(!rows.joined().contains(token))
        }
    }

    @Test("removing a device kills its tokens and tells its connections")
    func removal() async throws {
        try await ScopeWorld.with { world in
            let token = try await token(world, ["operator.read"])
            let (deviceId, _) = ScopeSamples.identity(1)
            let (_, events) = try await world.authority.remove(
                deviceId: deviceId, sandbox: world.alpha, by: .operator(uid: 1000))
            #expect(events == [.revoked(deviceId: deviceId, sandbox: world.alpha)])
            let decision = try await world.connect(
                ScopeSamples.request(scopes: ["operator.read"], method: nil, token: token))
            #expect(decision.authReason == "device_token_mismatch")
            #expect(try await world.store.audit().first { $0.outcome == .removed }?.actor == "operator:1000")
        }
    }

    @Test("an empty list of scopes passes, grants none and mints nothing")
    func emptyScopes() async throws {
        try await ScopeWorld.with { world in
            let decision = try await world.connect(ScopeSamples.request(scopes: []))
            #expect(decision.outcome == .granted && decision.scopes.isEmpty && decision.deviceToken == nil)
        }
    }

    @Test("concurrent connects of one device all succeed with tokens of their own")
    func concurrent() async throws {
        try await ScopeWorld.with { world in
            let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<ScopeLimits.tokens {
                    group.addTask {
                        try await world.connect(ScopeSamples.request(scopes: ["operator.write"])).deviceToken
                    }
                }
                return try await group.reduce(into: Set<String>()) { if let token = $1 { $0.insert(token) } }
            }
            #expect(tokens.count == ScopeLimits.tokens)
        }
    }
}
