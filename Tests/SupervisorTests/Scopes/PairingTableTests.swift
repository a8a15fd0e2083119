import Shared
import Testing

@testable import Supervisor

/// Prior state of a device × ceiling × what the policy says about the scopes: every cell, written down.
@Suite("pairing rules: the whole table") struct PairingTableTests {
    /// G granted now, P passed as approved before, H held, D denied by policy, S scope mismatch, T token mismatch.
    /// Three letters: the scopes asked for are `auto`, `ask`, `deny`.
    static let table: [(state: State, owner: String, policy: String, token: String)] = [
        (.new, "GGG", "GHD", "TTT"),
        (.otherKey, "HHH", "HHD", "TTT"),
        (.otherPlatform, "GGG", "GHD", "HHD"),
        (.otherFamily, "GGG", "GHD", "HHD"),
        (.otherRole, "GGG", "GHD", "TTT"),
        (.fewerScopes, "GGG", "GHD", "SSS"),
        (.covered, "PPP", "PPD", "PPD"),
    ]

    enum State: String, CaseIterable {
        case new, otherKey, otherPlatform, otherFamily, otherRole, fewerScopes, covered

        var reason: DeviceConnectDecision.PairingReason? {
            switch self {
            case .new, .otherKey: .notPaired
            case .otherPlatform, .otherFamily: .metadataUpgrade
            case .otherRole: .roleUpgrade
            case .fewerScopes: .scopeUpgrade
            case .covered: nil
            }
        }
    }

    static let policy = ScopePolicy(auto: ["operator.write"], deny: ["operator.talk.secrets"])
    static let asked = ["operator.read", "operator.pairing", "operator.talk.secrets"]

    @Test("every cell", arguments: State.allCases)
    func cells(state: State) throws {
        let row = try #require(Self.table.first { $0.state == state })
        for provenance in Provenance.allCases {
            for method in AuthenticationMethod.allCases.map(Optional.some) + [nil] {
                for (index, scope) in Self.asked.enumerated() {
                    let question = try question(state, scope, provenance, method)
                    let letters = Array(expected(row, provenance, method))
                    let outcome = PairingRules(policy: Self.policy).outcome(
                        for: question, device: try device(state, scope), waiting: nil)
                    let label = "\(state) \(provenance) \(method?.rawValue ?? "none") \(scope)"
                    #expect(letter(outcome, state) == letters[index], "\(label)")
                }
            }
        }
    }

    /// The letters for a provenance and a method, straight from the words of the policy, not from the code under test.
    private func expected(
        _ row: (state: State, owner: String, policy: String, token: String), _ provenance: Provenance,
        _ method: AuthenticationMethod?
    ) -> String {
        let hasShared = method == .gatewayToken || method == .sandboxToken
        if provenance == .host { return method == .gatewayToken ? row.owner : hasShared ? row.policy : row.token }
        if hasShared { return row.policy }
        // Inside the sandbox a device token opens the door, and the policy says how far.
        switch row.state {
        case .new, .otherKey, .otherRole: return "TTT"
        case .fewerScopes: return "SSS"
        case .otherPlatform, .otherFamily, .covered: return row.policy
        }
    }

    private func letter(_ outcome: PairingOutcome, _ state: State) -> Character {
        switch outcome {
        case .granted(nil, .approvedBefore): "P"
        case .granted(let reason?, .ownerToken), .granted(let reason?, .autoPolicy): reason == state.reason ? "G" : "?"
        case .granted: "?"
        case .held(let reason, _, .create): reason == state.reason ? "H" : "?"
        case .held: "?"
        case .refused("scope_denied", .denyPolicy): "D"
        case .refused("scope_mismatch", .tokenScopes): "S"
        case .refused("device_token_mismatch", .unknownToken): "T"
        case .refused: "?"
        }
    }

    private func device(_ state: State, _ scope: String) throws -> PairedDevice? {
        let full = ["operator.approvals", scope]
        switch state {
        case .new: return nil
        case .otherKey: return try ScopeSamples.device(2, approved: full, sandbox: full)
        case .otherRole: return try ScopeSamples.device(roles: ["node"], approved: full, sandbox: full)
        case .fewerScopes:
            return try ScopeSamples.device(approved: ["operator.approvals"], sandbox: ["operator.approvals"])
        case .otherFamily:
            var device = try ScopeSamples.device(approved: full, sandbox: full)
            device.deviceFamily = "phone"
            return device
        case .otherPlatform, .covered: return try ScopeSamples.device(approved: full, sandbox: full)
        }
    }

    private func question(
        _ state: State, _ scope: String, _ provenance: Provenance, _ method: AuthenticationMethod?
    ) throws -> PairingQuestion {
        let token: PairingQuestion.PresentedToken =
            switch state {
            case .new, .otherKey, .otherRole: .unknown
            case .fewerScopes: .valid(scopes: ["operator.approvals"])
            case .otherPlatform, .otherFamily, .covered: .valid(scopes: [scope])
            }
        return PairingQuestion(
            publicKey: ScopeSamples.identity(1).publicKey, platform: state == .otherPlatform ? "darwin" : "LINUX",
            deviceFamily: nil, role: "operator", scopes: [scope], provenance: provenance, method: method, token: token)
    }
}
