import GRDB
import Shared
import Testing

@testable import Supervisor

@Suite("floods from a sandbox") struct ScopeFloodTests {
    @Test("waiting requests stay within their limit; the sandbox's oldest goes, the host's stays")
    func pending() async throws {
        try await ScopeWorld.with { world in
            let host = try await world.connect(ScopeSamples.ownerRequest(device: 9999, scopes: [], role: "node"))
            var last: [ScopeEvent] = []
            var ids: [String] = []
            for number in 0..<(ScopeLimits.pending + 5) {
                let (decision, events) = try await world.authority.connect(
                    ScopeSamples.request(device: number, scopes: ["operator.admin"]), sandbox: world.alpha)
                world.clock.pass(milliseconds: 1)
                ids.append(try #require(decision.requestId))
                last = events
            }
            let waiting = try await world.authority.pending().map(\.requestId)
            #expect(waiting.count == ScopeLimits.pending)
            #expect(waiting == [try #require(host.requestId)] + ids.suffix(ScopeLimits.pending - 1))
            #expect(last.count == 2)
        }
    }

    @Test("devices stay within their limit: the sandbox's longest unseen goes, the owner's stay")
    func devices() async throws {
        try await ScopeWorld.with { world in
            _ = try await world.connect(ScopeSamples.ownerRequest(device: 9999, scopes: ["operator.admin"]))
            var revoked: [ScopeEvent] = []
            for number in 0..<(ScopeLimits.devices + 1) {
                world.clock.pass(milliseconds: 1)
                revoked += try await world.authority.connect(
                    ScopeSamples.request(device: number, scopes: ["operator.read"]), sandbox: world.alpha
                ).events
            }
            #expect(
                revoked
                    == [0, 1].map { .revoked(deviceId: ScopeSamples.identity($0).deviceId, sandbox: world.alpha) })
            let count = try await world.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM devices") }
            #expect(count == ScopeLimits.devices)
            let owner = try await world.connect(ScopeSamples.ownerRequest(device: 9999, scopes: ["operator.admin"]))
            #expect(owner.outcome == .granted)
        }
    }

    @Test("a sandbox cannot push out devices that the owner let in")
    func ownersDevicesStay() async throws {
        try await ScopeWorld.with { world in
            for number in 0..<ScopeLimits.devices {
                _ = try await world.connect(ScopeSamples.ownerRequest(device: number, scopes: ["operator.read"]))
            }
            await expectCode(.busy) { try await world.connect(ScopeSamples.request(device: 9999, scopes: [])) }
            let (_, events) = try await world.authority.connect(
                ScopeSamples.ownerRequest(device: 9998, scopes: []), sandbox: world.alpha)
            #expect(events.count == 1)
        }
    }

    @Test("repeated refusals share a row for a minute, and the next row says how many there were")
    func coalescing() async throws {
        try await ScopeWorld.with { world in
            let request = ScopeSamples.request(scopes: [], method: nil, token: "wrong")
            for _ in 0..<500 { _ = try await world.connect(request) }
            #expect(try await world.store.audit().count == 1)
            world.clock.pass(milliseconds: 60_000)
            _ = try await world.connect(request)
            let rows = try await world.store.audit()
            #expect(rows.map(\.repeated) == [0, 499, 0])
            #expect(rows.allSatisfy { $0.rule == .unknownToken })
        }
    }

    @Test("a flood of ever new devices earns few rows, all are counted, and the host's rows are not among the lost")
    func manyFaces() async throws {
        try await ScopeWorld.with { world in
            let flood = ScopeLimits.auditKeys + 300
            for number in 0..<flood {
                _ = try await world.connect(
                    ScopeSamples.request(device: number, scopes: [], method: nil, token: "wrong"))
            }
            let rows = try await world.store.audit(limit: 1000)
            #expect(rows.count < 2 * ScopeLimits.auditBurst)
            _ = try await world.connect(
                ScopeSamples.request(device: 1, scopes: [], provenance: .host, method: nil, token: "wrong"))
            #expect(try await world.store.audit(limit: 1).first?.provenance == .host)
            try await world.store.flushAudit(nowMs: world.clock.now)
            let all = try await world.store.audit(limit: 1000)
            let counted = all.filter { $0.outcome == .refused }.count + all.reduce(0) { $0 + $1.repeated }
            #expect(counted == flood + 1)
            #expect(all.contains { $0.outcome == .coalesced })
        }
    }

    @Test("what a person decides always has a row of its own")
    func decisionsStay() async throws {
        try await ScopeWorld.with { world in
            for round in 0..<(ScopeLimits.auditBurst + 10) {
                let held = try await world.connect(ScopeSamples.request(device: round, scopes: ["operator.admin"]))
                _ = try await world.authority.reject(
                    requestId: try #require(held.requestId), by: .operator(uid: 7))
            }
            let rows = try await world.store.audit(limit: 1000)
            #expect(rows.filter { $0.rule == .operatorDecision }.count == ScopeLimits.auditBurst + 10)
        }
    }

    @Test("pages of the audit join without a gap")
    func paging() async throws {
        try await ScopeWorld.with { world in
            for number in 0..<5 {
                _ = try await world.connect(ScopeSamples.request(device: number, scopes: []))
            }
            let all = try await world.store.audit(sandbox: world.alpha)
            let first = try await world.store.audit(sandbox: world.alpha, limit: 2)
            let second = try await world.store.audit(sandbox: world.alpha, before: first[1].id, limit: 3)
            #expect(all.count == 5 && first + second == all)
            #expect(try await world.store.audit(sandbox: world.beta).isEmpty)
        }
    }
}
