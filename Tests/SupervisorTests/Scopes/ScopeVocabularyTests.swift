import Shared
import Testing

@testable import Supervisor

@Suite("scope vocabulary") struct ScopeVocabularyTests {
    @Test(
        "lists are trimmed, completed and sorted",
        arguments: [
            ([], []), ([" operator.read ", "operator.read"], ["operator.read"]),
            (["operator.write"], ["operator.read", "operator.write"]),
            (["operator.admin"], ["operator.admin", "operator.read", "operator.write"]),
            (["operator.pairing", "operator.approvals"], ["operator.approvals", "operator.pairing"]),
        ] as [([String], [String])])
    func normalising(scopes: [String], expected: [String]) {
        #expect(ScopeRules.normalized(scopes) == expected)
        #expect(ScopeRules.normalized(expected) == expected)
    }

    @Test(
        "what is held satisfies what is wanted",
        arguments: [
            (["operator.read"], "operator.read", true), (["operator.write"], "operator.read", true),
            (["operator.read"], "operator.write", false), (["operator.admin"], "operator.anything", true),
            (["operator.admin"], "node.run", false), (["operator.write"], "operator.pairing", false),
            (["operator.write"], "operator.approvals", false), ([], "operator.read", false),
        ] as [([String], String, Bool)])
    func covering(held: [String], wanted: String, expected: Bool) {
        #expect(ScopeRules.covers(held, wanted) == expected)
    }

    @Test(
        "malformed scopes are errors",
        arguments: [
            [""], [" "], ["operator read"], ["OPERATOR.read"], ["operator.rëad"], ["operator.read\n;"],
            ["operator/*"], [String(repeating: "a", count: 129)], Array(repeating: "operator.read", count: 65),
        ])
    func malformed(scopes: [String]) async {
        await expectCode(.invalidArgument) { try ScopeRules.validated(scopes) }
    }

    @Test("the longest scope and the longest list pass")
    func limits() throws {
        let scopes = (0..<64).map { "operator." + String(repeating: "a", count: 117) + ($0 < 10 ? "0\($0)" : "\($0)") }
        #expect(scopes.allSatisfy { $0.utf8.count == 128 })
        #expect(try ScopeRules.validated(scopes) == scopes.sorted())
    }

    @Test("of several lists the strictest counts")
    func policy() {
        let policy = ScopePolicy(
            auto: ["operator.read", "operator.write", "operator.x"], ask: ["operator.x"], deny: ["operator.write"])
        #expect(policy.ruling(for: "operator.read") == .auto)
        #expect(policy.ruling(for: "operator.x") == .ask)
        #expect(policy.ruling(for: "operator.write") == .deny)
        #expect(policy.ruling(for: "operator.unheard") == .ask)
        #expect(policy.ruling(for: ["operator.read", "operator.x"]) == .ask)
        #expect(policy.ruling(for: []) == .auto)
        #expect(ScopePolicy(auto: ["operator.admin"], ask: ["operator.x"]).ruling(for: ["operator.admin"]) == .ask)
    }

    @Test("a policy survives its storage and a malformed one is refused")
    func storage() async throws {
        try await ScopeWorld.with { world in
            #expect(try await world.store.scopePolicy(world.alpha) == .standard)
            let policy = ScopePolicy(auto: ["operator.read"], ask: ["operator.x"], deny: ["operator.talk.secrets"])
            try await world.store.setScopePolicy(world.alpha, policy)
            #expect(try await world.store.scopePolicy(world.alpha) == policy)
            #expect(try await world.store.scopePolicy(world.beta) == .standard)
            await expectCode(.invalidArgument) {
                try await world.store.setScopePolicy(world.alpha, ScopePolicy(auto: ["*"]))
            }
        }
    }
}
