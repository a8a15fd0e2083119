import Shared

/// Decides connects: protocol notes 2.4, 2.6, 4.1 and 4.4, with the scope policy in place of "locality".
/// A value without input, output or clock; `ScopeAuthority` applies what it says.
struct PairingRules: Sendable {
    let policy: ScopePolicy

    func outcome(for question: PairingQuestion, device: PairedDevice?, waiting: PendingRequest?) -> PairingOutcome {
        let known = device.flatMap { $0.publicKey == question.publicKey ? $0 : nil }
        if let refusal = refusal(of: question, known: known) { return refusal }
        guard let reason = reason(for: question, known: known) else {
            return .granted(reason: nil, rule: .approvedBefore)
        }
        let rule = rule(for: question, reason: reason, known: known, keyChanged: device != nil && known == nil)
        switch rule {
        case .ownerToken, .autoPolicy: return .granted(reason: reason, rule: rule)
        default: return .held(reason: reason, rule: rule, change(of: waiting, for: question))
        }
    }

    /// Authentication and what nobody is asked about.
    private func refusal(of question: PairingQuestion, known: PairedDevice?) -> PairingOutcome? {
        let hasSharedToken = question.method == .gatewayToken || question.method == .sandboxToken
        if !hasSharedToken {
            switch question.token {
            case .none: return .refused(authReason: "token_mismatch", rule: .noToken)
            case .unknown: return .refused(authReason: "device_token_mismatch", rule: .unknownToken)
            case .valid(let scopes):
                // The baseline may have shrunk since the token was issued.
                guard let known, ScopeRules.covers(scopes, all: question.scopes),
                    ScopeRules.covers(known.approvedScopes, all: question.scopes)
                else { return .refused(authReason: "scope_mismatch", rule: .tokenScopes) }
            }
        }
        if !question.scopes.allSatisfy({ ScopeRules.belongs($0, to: question.role) }) {
            return .refused(authReason: "scope_denied", rule: .scopeOutsideRole)
        }
        if question.ceiling != .owner, policy.ruling(for: question.scopes) == .deny {
            return .refused(authReason: "scope_denied", rule: .denyPolicy)
        }
        return nil
    }

    /// What is new about this connect; the first of the protocol's four reasons that applies.
    private func reason(for question: PairingQuestion, known: PairedDevice?) -> DeviceConnectDecision.PairingReason? {
        guard let known else { return .notPaired }
        if differs(known.platform, question.platform) || differs(known.deviceFamily, question.deviceFamily) {
            return .metadataUpgrade
        }
        if !known.roles.contains(question.role) { return .roleUpgrade }
        let approved = known.approvedScopes(under: question.ceiling)
        return ScopeRules.covers(approved, all: question.scopes) ? nil : .scopeUpgrade
    }

    private func rule(
        for question: PairingQuestion, reason: DeviceConnectDecision.PairingReason, known: PairedDevice?,
        keyChanged: Bool
    ) -> PairingRule {
        if keyChanged { return .keyChanged }
        if question.role != ScopeRules.operatorRole { return .roleNeedsApproval }
        switch question.ceiling {
        case .owner: return .ownerToken
        case .token: return .metadataNeedsApproval
        case .policy:
            // For an upgrade only what is new counts; a new or changed device is judged by all it asks for.
            let approved = reason == .scopeUpgrade ? known?.sandboxScopes ?? [] : []
            let new = question.scopes.filter { !ScopeRules.covers(approved, $0) }
            return policy.ruling(for: new) == .auto ? .autoPolicy : .askPolicy
        }
    }

    private func change(of waiting: PendingRequest?, for question: PairingQuestion) -> PairingOutcome.Waiting {
        guard let waiting else { return .create }
        // Of another key nothing is merged: the one who asks now did not ask for that.
        guard waiting.publicKey == question.publicKey else {
            return .replace(roles: [question.role], scopes: question.scopes)
        }
        let isNarrower =
            waiting.roles.contains(question.role) && ScopeRules.covers(waiting.scopes, all: question.scopes)
            && waiting.ceiling == question.ceiling && waiting.provenance == question.provenance
        if isNarrower { return .refresh }
        return .replace(
            roles: waiting.roles.filter { $0 != question.role } + [question.role],
            scopes: ScopeRules.normalized(waiting.scopes + question.scopes))
    }

    /// An empty stored value is not pinned and never differs.
    private func differs(_ stored: String?, _ claimed: String?) -> Bool {
        guard let stored, !stored.isEmpty else { return false }
        return stored.lowercased() != (claimed ?? "").lowercased()
    }
}
