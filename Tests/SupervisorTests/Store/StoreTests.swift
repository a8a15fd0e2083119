import GRDB
import Shared
import SystemPackage
import Testing

@testable import Supervisor

@Suite("registry") struct StoreTests {
    @Test("a sandbox comes back as it was put in, also after a restart")
    func roundTrip() async throws {
        try await StoreSamples.with { store, path in
            let alpha = try StoreSamples.sandbox("alpha", uid: 231_072)
            let beta = try StoreSamples.sandbox("beta", port: 18790)
            try await store.insert(beta)
            try await store.insert(alpha)
            #expect(try await store.sandboxes() == [alpha, beta])
            try await store.close()
            let again = try Store.open(path: path.string)
            #expect(try await again.sandbox(alpha.name) == alpha)
            #expect(try await again.usedUIDs() == [231_072])
            try await again.close()
        }
    }

    @Test("a name, a port and a uid are given once")
    func collisions() async throws {
        try await StoreSamples.with { store, _ in
            try await store.insert(try StoreSamples.sandbox("alpha", uid: 1000))
            await expectCode(.nameTaken) {
                try await store.insert(try StoreSamples.sandbox("alpha", port: 1))
            }
            await expectCode(.portInUse) { try await store.insert(try StoreSamples.sandbox("beta")) }
            await expectCode(.invalidArgument) {
                try await store.insert(try StoreSamples.sandbox("beta", port: 2, uid: 1000))
            }
            try await store.insert(try StoreSamples.sandbox("gamma", port: 3))
            await expectCode(.portInUse) { try await store.setPort(try SandboxName("gamma"), 18789) }
            #expect(try await store.sandboxes().count == 2)
        }
    }

    @Test("a change of one sandbox leaves the other alone")
    func changes() async throws {
        try await StoreSamples.with("alpha", "beta") { store, _ in
            let (alpha, beta) = (try SandboxName("alpha"), try SandboxName("beta"))
            try await store.setRoute(alpha, provider: "openai-api", endpoint: "https://x/v1", model: "n")
            try await store.setWanted(alpha, .stopped)
            try await store.setPort(alpha, 20000)
            var expected = try StoreSamples.sandbox("alpha", port: 20000)
            (expected.provider, expected.endpoint, expected.model) = ("openai-api", "https://x/v1", "n")
            expected.wanted = .stopped
            #expect(try await store.sandbox(alpha) == expected)
            #expect(try await store.sandbox(beta) == StoreSamples.sandbox("beta", port: 18790))
        }
    }

    @Test("what is asked of an unknown sandbox fails with not_found")
    func unknown() async throws {
        try await StoreSamples.with { store, _ in
            let name = try SandboxName("nobody")
            await expectCode(.notFound) { try await store.setWanted(name, .stopped) }
            await expectCode(.notFound) { try await store.delete(name) }
            await expectCode(.notFound) { try await store.setDefaultSandbox(name) }
            await expectCode(.notFound) {
                try await store.record(worker: WorkerRecord(name: name, pid: 1, startTicks: 1))
            }
            await expectCode(.notFound) { try await store.scopePolicy(name) }
            #expect(try await store.sandbox(name) == nil)
        }
    }

    @Test("a worker is remembered, replaced and forgotten")
    func workers() async throws {
        try await StoreSamples.with("alpha") { store, _ in
            let name = try SandboxName("alpha")
            #expect(try await store.worker(name) == nil)
            let first = WorkerRecord(name: name, pid: 12, startTicks: .max, initPid: 13)
            let second = WorkerRecord(name: name, pid: 14, startTicks: 5)
            try await store.record(worker: first)
            #expect(try await store.worker(name) == first)
            try await store.record(worker: second)
            #expect(try await store.worker(name) == second)
            try await store.forgetWorker(name)
            #expect(try await store.worker(name) == nil)
        }
    }

    @Test("the default sandbox is none again when it is deleted")
    func defaultSandbox() async throws {
        try await StoreSamples.with("alpha") { store, _ in
            let name = try SandboxName("alpha")
            try await store.setDefaultSandbox(name)
            #expect(try await store.defaultSandbox() == name)
            try await store.delete(name)
            #expect(try await store.defaultSandbox() == nil)
        }
    }

    @Test("deleting a sandbox takes everything of it but the audit")
    func deleteCascades() async throws {
        try await StoreSamples.with("alpha") { store, _ in
            let name = try SandboxName("alpha")
            let authority = ScopeAuthority(store: store, clock: { 1 })
            _ = try await authority.connect(ScopeSamples.request(scopes: ["operator.read"]), sandbox: name)
            _ = try await authority.connect(ScopeSamples.request(scopes: ["operator.admin"]), sandbox: name)
            try await store.setScopePolicy(name, ScopePolicy(auto: []))
            try await store.record(worker: WorkerRecord(name: name, pid: 1, startTicks: 1))
            let audited = try await store.audit().count
            try await store.delete(name)
            for table in ["workers", "scopePolicies", "devices", "deviceTokens", "pendingRequests"] {
                let rows = try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
                #expect(rows == 0, "\(table)")
            }
            #expect(audited == 2)
            #expect(try await store.audit().count == 2)
        }
    }

    @Test(
        "the audit refuses to be changed or shortened",
        arguments: ["UPDATE audit SET rule = 'x'", "DELETE FROM audit"])
    func auditIsAppendOnly(statement: String) async throws {
        try await StoreSamples.with("alpha") { store, _ in
            let name = try SandboxName("alpha")
            let authority = ScopeAuthority(store: store, clock: { 1 })
            _ = try await authority.connect(ScopeSamples.request(scopes: []), sandbox: name)
            let before = try await store.audit()
            await #expect(throws: NemoClawError.self) { try await store.write { try $0.execute(sql: statement) } }
            #expect(before.count == 1)
            #expect(try await store.audit() == before)
        }
    }

    @Test("no description of a record shows a secret")
    func secretsStayInside() throws {
        let record = try StoreSamples.sandbox("alpha")
        var dumped = ""
        dump(record, to: &dumped)
        let shown = "\(record) \(String(reflecting: record)) \(dumped)"
        for secret in [record.secret, record.gatewayToken, record.sandboxToken, record.sandboxKey] {
            #expect(!shown.contains(secret.reveal()))
        }
        #expect(shown.contains("alpha"))
    }
}
