import Shared

/// One connect being decided: asks the rules, writes what follows, collects the events.
struct DeviceConnect: Sendable {
    let request: DeviceConnectRequest
    let sandbox: SandboxName
    /// Used if a request has to wait.
    let requestId: String
    /// Used if a token has to be minted.
    let token: Secret<String>
    private(set) var events: [ScopeEvent] = []

    init(request: DeviceConnectRequest, sandbox: SandboxName, requestId: String, token: Secret<String>) {
        self.request = request
        self.sandbox = sandbox
        self.requestId = requestId
        self.token = token
    }

    mutating func decide(in ledger: inout ScopeLedger) throws -> DeviceConnectDecision {
        try ledger.requireSandbox(sandbox)
        try ledger.prune()
        let device = try ledger.device(request.deviceId, in: sandbox)
        let known = device?.publicKey == request.publicKey ? device : nil
        let shown = try known.flatMap { try shownToken(of: $0, in: ledger) }
        let question = PairingQuestion(
            publicKey: request.publicKey, platform: request.platform, deviceFamily: request.deviceFamily,
            role: request.role, scopes: request.scopes, provenance: request.provenance, method: request.method,
            token: shown.map { .valid(scopes: $0.scopes) } ?? (request.presentedToken == nil ? .none : .unknown))
        let waiting = try ledger.pending(of: request.deviceId, in: sandbox)
        let rules = PairingRules(policy: try ledger.policy(of: sandbox))
        let outcome = rules.outcome(for: question, device: device, waiting: waiting)
        let decision: DeviceConnectDecision
        switch outcome {
        case .granted(let reason, let rule):
            let device = try admit(known, newly: reason != nil, ceiling: question.ceiling, in: &ledger)
            if reason != nil, let waiting { try settle(waiting, with: device, in: ledger) }
            decision = try grant(device, shown: shown, in: ledger)
            let isOwners = question.ceiling == .owner && reason != nil
            try audit(.granted, rule, granted: request.scopes, always: isOwners, in: &ledger)
        case .held(let reason, let rule, let change):
            let waitingId = try hold(reason, change, waiting, isRepair: device != nil, question.ceiling, in: &ledger)
            decision = DeviceConnectDecision(
                outcome: .pending, reason: reason, requestId: waitingId, approvedRoles: known?.roles ?? [],
                approvedScopes: known?.approvedScopes(under: question.ceiling) ?? [])
            try audit(.held, rule, granted: [], in: &ledger)
        case .refused(let authReason, let rule):
            decision = DeviceConnectDecision(outcome: .refused, authReason: authReason)
            try audit(.refused, rule, granted: [], in: &ledger)
        }
        return decision
    }

    private func shownToken(of device: PairedDevice, in ledger: ScopeLedger) throws -> DeviceToken? {
        guard let presented = request.presentedToken, presented.utf8.count <= ScopeLimits.presentedToken,
            device.roles.contains(request.role)
        else { return nil }
        return try ledger.tokens(of: device.deviceId, in: sandbox, role: request.role).first { $0.matches(presented) }
    }

    /// Writes the device as it is after this connect.
    private mutating func admit(
        _ known: PairedDevice?, newly: Bool, ceiling: PairingCeiling, in ledger: inout ScopeLedger
    ) throws -> PairedDevice {
        let now = ledger.nowMs
        guard var device = known else {
            try makeRoom(ceiling, in: &ledger)
            var device = PairedDevice(
                sandbox: sandbox, deviceId: request.deviceId, publicKey: request.publicKey,
                displayName: request.displayName, platform: request.platform, deviceFamily: request.deviceFamily,
                clientId: request.clientId, clientMode: request.clientMode, roles: [], approvedScopes: [],
                sandboxScopes: [], approvedVia: .policy, createdAtMs: now, approvedAtMs: now, lastSeenAtMs: now)
            approve(&device, ceiling, now)
            try ledger.save(device)
            return device
        }
        if newly {
            device.platform = request.platform
            device.deviceFamily = request.deviceFamily
            approve(&device, ceiling, now)
        }
        let isStale = now - device.lastSeenAtMs >= ScopeLimits.coalescingMs
        guard newly || isStale || (request.displayName != nil && request.displayName != device.displayName) else {
            return device
        }
        device.displayName = request.displayName ?? device.displayName
        device.lastSeenAtMs = now
        try ledger.save(device)
        return device
    }

    private func approve(_ device: inout PairedDevice, _ ceiling: PairingCeiling, _ now: Int64) {
        device.approve(
            roles: [request.role], scopes: request.scopes, ceiling: ceiling,
            via: ceiling == .owner ? .owner : .policy, atMs: now)
    }

    private mutating func makeRoom(_ ceiling: PairingCeiling, in ledger: inout ScopeLedger) throws {
        events += try DeviceRoom.make(in: &ledger, sandbox: sandbox, forOwner: ceiling == .owner)
    }

    /// Ends the request that waits if this connect approved all of it.
    private mutating func settle(_ waiting: PendingRequest, with device: PairedDevice, in ledger: ScopeLedger) throws {
        guard waiting.publicKey == device.publicKey, waiting.roles.allSatisfy({ device.roles.contains($0) }),
            ScopeRules.covers(device.approvedScopes(under: waiting.ceiling), all: waiting.scopes)
        else { return }
        try ledger.remove(request: waiting.requestId)
        events.append(
            .resolved(
                requestId: waiting.requestId, deviceId: waiting.deviceId, decision: .approved, sandbox: sandbox))
    }

    /// Keeps the token that was shown if it is good for this, else mints one; none for an empty list of scopes.
    private func grant(_ device: PairedDevice, shown: DeviceToken?, in ledger: ScopeLedger) throws
        -> DeviceConnectDecision
    {
        var decision = DeviceConnectDecision(
            outcome: .granted, scopes: request.scopes, approvedRoles: device.roles,
            approvedScopes: device.approvedScopes)
        if let shown, ScopeRules.covers(shown.scopes, all: request.scopes),
            ScopeRules.covers(device.approvedScopes, all: shown.scopes)
        {
            try ledger.touch(shown)
            decision.deviceToken = request.presentedToken
            decision.issuedAtMs = shown.createdAtMs
        } else if !request.scopes.isEmpty {
            try ledger.add(
                tokenHash: DeviceToken.hash(of: token.reveal()), of: device.deviceId, in: sandbox, role: request.role,
                scopes: request.scopes)
            decision.deviceToken = token.reveal()
            decision.issuedAtMs = ledger.nowMs
        }
        return decision
    }

    /// - Returns: id of the request that waits now.
    private mutating func hold(
        _ reason: DeviceConnectDecision.PairingReason, _ change: PairingOutcome.Waiting, _ waiting: PendingRequest?,
        isRepair: Bool, _ ceiling: PairingCeiling, in ledger: inout ScopeLedger
    ) throws -> String {
        var (roles, scopes) = ([request.role], request.scopes)
        if case .refresh = change, let waiting {
            try ledger.refresh(waiting.requestId, expiresAtMs: ledger.nowMs + ScopeLimits.pendingLifetimeMs)
            return waiting.requestId
        }
        if case .replace(let mergedRoles, let mergedScopes) = change { (roles, scopes) = (mergedRoles, mergedScopes) }
        if let waiting { try drop(waiting, .replaced, in: &ledger) }
        try makePendingRoom(in: &ledger)
        let request = PendingRequest(
            requestId: requestId, sandbox: sandbox, deviceId: request.deviceId, publicKey: request.publicKey,
            displayName: request.displayName, platform: request.platform, deviceFamily: request.deviceFamily,
            clientId: request.clientId, clientMode: request.clientMode, roles: roles, scopes: scopes, reason: reason,
            provenance: request.provenance, ceiling: ceiling, isRepair: isRepair, requestedAtMs: ledger.nowMs,
            expiresAtMs: ledger.nowMs + ScopeLimits.pendingLifetimeMs)
        try ledger.insert(request)
        events.append(.requested(request))
        return requestId
    }

    /// Of too many requests the oldest goes; one out of the sandbox before one from the host.
    private mutating func makePendingRoom(in ledger: inout ScopeLedger) throws {
        var waiting = try ledger.pending(in: sandbox)
        while waiting.count >= ScopeLimits.pending {
            let index = waiting.firstIndex { $0.ceiling == .policy } ?? 0
            try drop(waiting.remove(at: index), .roomForOthers, in: &ledger)
        }
    }

    private mutating func drop(_ waiting: PendingRequest, _ rule: PairingRule, in ledger: inout ScopeLedger) throws {
        try ledger.remove(request: waiting.requestId)
        events.append(
            .resolved(
                requestId: waiting.requestId, deviceId: waiting.deviceId, decision: .rejected, sandbox: sandbox))
        try ledger.audit(
            AuditRecord(
                atMs: ledger.nowMs, sandbox: sandbox, actor: "connect", deviceId: waiting.deviceId,
                provenance: waiting.provenance, asked: waiting.scopes, granted: [], outcome: .rejected, rule: rule))
    }

    private func audit(
        _ outcome: AuditRecord.Outcome, _ rule: PairingRule, granted: [String], always: Bool = false,
        in ledger: inout ScopeLedger
    ) throws {
        let record = AuditRecord(
            atMs: ledger.nowMs, sandbox: sandbox, actor: "connect", deviceId: request.deviceId,
            provenance: request.provenance, asked: request.scopes, granted: granted, outcome: outcome, rule: rule)
        // What the owner's token brings somebody is never only counted.
        if always { try ledger.audit(always: record) } else { try ledger.audit(record) }
    }
}
