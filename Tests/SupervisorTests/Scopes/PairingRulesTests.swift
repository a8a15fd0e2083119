import Shared
import Testing

@testable import Supervisor

@Suite("pairing rules") struct PairingRulesTests {
    private let rules = PairingRules(policy: .standard)

    private func question(
        _ scopes: [String], role: String = "operator", provenance: Provenance = .sandbox,
        method: AuthenticationMethod? = .sandboxToken, token: PairingQuestion.PresentedToken = .none
    ) -> PairingQuestion {
        PairingQuestion(
            publicKey: ScopeSamples.identity(1).publicKey, platform: "linux", deviceFamily: nil, role: role,
            scopes: ScopeRules.normalized(scopes), provenance: provenance, method: method, token: token)
    }

    @Test(
        "what the standard policy gives at once and what it asks for",
        arguments: [
            (["operator.read"], true), (["operator.write"], true), (["operator.pairing"], true), ([], true),
            (["operator.admin"], false), (["operator.approvals"], false), (["operator.talk.secrets"], false),
            (["operator.write", "operator.approvals"], false), (["operator.future"], false),
        ] as [([String], Bool)])
    func standardPolicy(scopes: [String], isAuto: Bool) {
        let outcome = rules.outcome(for: question(scopes), device: nil, waiting: nil)
        #expect(outcome == (isAuto ? .granted(reason: .notPaired, rule: .autoPolicy) : held(.notPaired, .askPolicy)))
    }

    @Test("the role node is never given without a person, not even to the owner", arguments: PairingCeiling.allCases)
    func nodes(ceiling: PairingCeiling) throws {
        let node = question(
            [], role: "node", provenance: ceiling == .policy ? .sandbox : .host,
            method: ceiling == .token ? nil : .gatewayToken, token: .valid(scopes: []))
        if ceiling != .token {
            #expect(rules.outcome(for: node, device: nil, waiting: nil) == held(.notPaired, .roleNeedsApproval))
            let known = try ScopeSamples.device(approved: ["operator.admin"], sandbox: ["operator.admin"])
            #expect(rules.outcome(for: node, device: known, waiting: nil) == held(.roleUpgrade, .roleNeedsApproval))
        }
        let approved = try ScopeSamples.device(roles: ["node"], approved: [], via: .decision)
        #expect(
            rules.outcome(for: node, device: approved, waiting: nil)
                == .granted(reason: nil, rule: .approvedBefore))
    }

    @Test("an upgrade is judged by what is new: an approved scope may come along")
    func upgradeDelta() throws {
        let device = try ScopeSamples.device(
            approved: ["operator.approvals"], sandbox: ["operator.approvals"], via: .decision)
        let outcome = rules.outcome(
            for: question(["operator.approvals", "operator.write"]), device: device, waiting: nil)
        #expect(outcome == .granted(reason: .scopeUpgrade, rule: .autoPolicy))
    }

    @Test("what the owner's token got on the host does not follow the key into the sandbox")
    func hostScopesStayOutside() throws {
        let device = try ScopeSamples.device(approved: ["operator.admin"], sandbox: [], via: .owner)
        let token = PairingQuestion.PresentedToken.valid(scopes: ["operator.admin"])
        for method in [AuthenticationMethod.gatewayToken, .sandboxToken, .deviceToken, nil] {
            let inside = question(["operator.admin"], method: method, token: token)
            #expect(rules.outcome(for: inside, device: device, waiting: nil) == held(.scopeUpgrade, .askPolicy))
        }
        let outside = question(["operator.admin"], provenance: .host, method: nil, token: token)
        #expect(
            rules.outcome(for: outside, device: device, waiting: nil) == .granted(reason: nil, rule: .approvedBefore))
    }

    @Test("a scope that brings a denied one by implication is denied too")
    func deniedByImplication() {
        let noRead = PairingRules(policy: ScopePolicy(auto: ["operator.pairing"], deny: ["operator.read"]))
        for scopes in [["operator.read"], ["operator.write"], ["operator.admin"]] {
            #expect(
                noRead.outcome(for: question(scopes), device: nil, waiting: nil)
                    == .refused(authReason: "scope_denied", rule: .denyPolicy))
        }
        #expect(
            noRead.outcome(for: question(["operator.pairing"]), device: nil, waiting: nil)
                == .granted(reason: .notPaired, rule: .autoPolicy))
    }

    @Test("a scope of another role is refused to everybody")
    func foreignPrefix() {
        for method in [AuthenticationMethod.gatewayToken, .sandboxToken] {
            let outcome = rules.outcome(
                for: question(["node.run"], provenance: .host, method: method), device: nil, waiting: nil)
            #expect(outcome == .refused(authReason: "scope_denied", rule: .scopeOutsideRole))
        }
    }

    @Test("no token at all is told apart from a wrong one")
    func tokens() throws {
        let device = try ScopeSamples.device(approved: ["operator.read"], sandbox: ["operator.read"])
        for provenance in Provenance.allCases {
            #expect(
                rules.outcome(
                    for: question(["operator.read"], provenance: provenance, method: nil), device: device, waiting: nil)
                    == .refused(authReason: "token_mismatch", rule: .noToken))
        }
        // A token may be older than a smaller baseline.
        let wide = question(
            ["operator.write"], provenance: .host, method: nil, token: .valid(scopes: ["operator.write"]))
        #expect(
            rules.outcome(for: wide, device: device, waiting: nil)
                == .refused(authReason: "scope_mismatch", rule: .tokenScopes))
    }

    @Test("an unpinned platform never differs")
    func unpinned() throws {
        var device = try ScopeSamples.device(approved: ["operator.read"], sandbox: ["operator.read"])
        (device.platform, device.deviceFamily) = ("", "")
        var asked = question(["operator.read"])
        asked.deviceFamily = "server"
        #expect(rules.outcome(for: asked, device: device, waiting: nil) == .granted(reason: nil, rule: .approvedBefore))
    }

    @Test("the same or less refreshes a request, more takes its place with both")
    func waiting() throws {
        let waiting = try ScopeSamples.pending(scopes: ["operator.approvals", "operator.talk.secrets"])
        func change(_ question: PairingQuestion) -> PairingOutcome.Waiting? {
            guard case .held(_, _, let change) = rules.outcome(for: question, device: nil, waiting: waiting) else {
                return nil
            }
            return change
        }
        #expect(change(question(["operator.approvals"])) == .refresh)
        #expect(change(question(waiting.scopes)) == .refresh)
        #expect(
            change(question(["operator.x"]))
                == .replace(
                    roles: ["operator"], scopes: ["operator.approvals", "operator.talk.secrets", "operator.x"]))
        #expect(
            change(question([], role: "node"))
                == .replace(roles: ["operator", "node"], scopes: ["operator.approvals", "operator.talk.secrets"]))
        // The request of the sandbox does not ride on one from the host, which an operator trusts more.
        var host = waiting
        (host.ceiling, host.provenance) = (.token, .host)
        let outcome = rules.outcome(for: question(waiting.scopes), device: nil, waiting: host)
        #expect(
            outcome
                == .held(
                    reason: .notPaired, rule: .askPolicy, .replace(roles: ["operator"], scopes: waiting.scopes)))
    }

    private func held(_ reason: DeviceConnectDecision.PairingReason, _ rule: PairingRule) -> PairingOutcome {
        .held(reason: reason, rule: rule, .create)
    }
}
