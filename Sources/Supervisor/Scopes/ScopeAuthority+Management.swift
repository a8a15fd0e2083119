import Shared

extension ScopeAuthority {
    /// Devices and requests of a sandbox in OpenClaw's shape, as far as the caller may see them; nil: the operator.
    /// - Throws: `forbidden`, `not_found` for an unknown sandbox.
    func list(sandbox: SandboxName, caller: DeviceCaller?) async throws(NemoClawError) -> JSONValue {
        let approver = caller.map { Approver.connection($0) } ?? .operator(uid: 0)
        return try await store.ledger(.routine, nowMs: clock()) { ledger in
            try ledger.requireSandbox(sandbox)
            try ledger.prune()
            let rules = ApprovalRules(policy: try ledger.policy(of: sandbox), approver: approver)
            try rules.requirePairing()
            let paired = try ledger.devices(in: sandbox).filter { rules.sees($0) }
                .map { ($0, try ledger.tokens(of: $0.deviceId, in: sandbox)) }
            return PairListing.list(
                pending: try ledger.pending(in: sandbox).filter { rules.sees($0) }, paired: paired)
        }
    }

    /// Approves a request. The device gets its token at its next (or held) connect, never here.
    /// - Parameter sandbox: the caller's; nil for the operator, who decides for all.
    /// - Returns: `{requestId, device}` in OpenClaw's shape.
    /// - Throws: `forbidden`, `not_found`, `busy` when the sandbox has as many devices as it may.
    func approve(requestId: String, sandbox: SandboxName? = nil, by approver: Approver) async throws(NemoClawError)
        -> (result: JSONValue, events: [ScopeEvent])
    {
        try await store.ledger(.full, nowMs: clock()) { ledger in
            let (request, rules) = try Self.find(requestId, sandbox, approver, .approval, in: &ledger)
            try rules.approve(request)
            let isRestricted =
                if case .connection(let caller) = approver { ApprovalRules.isRestricted(caller) } else { false }
            let (device, events) = try Self.pair(request, via: isRestricted ? .policy : .decision, in: &ledger)
            try ledger.remove(request: requestId)
            try Self.audit(request, approver, .approved, granted: request.scopes, in: ledger)
            let tokens = try ledger.tokens(of: device.deviceId, in: device.sandbox)
            return (
                ["requestId": .string(requestId), "device": PairListing.device(device, tokens: tokens)],
                events + [Self.resolved(request, .approved)]
            )
        }
    }

    /// Rejects a request; the device may ask again.
    /// - Returns: `{requestId, deviceId}`.
    /// - Throws: `forbidden`, `not_found`.
    func reject(requestId: String, sandbox: SandboxName? = nil, by approver: Approver) async throws(NemoClawError)
        -> (result: JSONValue, events: [ScopeEvent])
    {
        try await store.ledger(.full, nowMs: clock()) { ledger in
            let (request, rules) = try Self.find(requestId, sandbox, approver, .rejection, in: &ledger)
            try rules.reject(request)
            try ledger.remove(request: requestId)
            try Self.audit(request, approver, .rejected, granted: [], in: ledger)
            return (
                ["requestId": .string(requestId), "deviceId": .string(request.deviceId)],
                [Self.resolved(request, .rejected)]
            )
        }
    }

    /// Removes a device with its tokens and its request.
    /// - Returns: `{deviceId}`.
    /// - Throws: `forbidden`, `not_found`.
    func remove(deviceId: String, sandbox: SandboxName, by approver: Approver) async throws(NemoClawError)
        -> (result: JSONValue, events: [ScopeEvent])
    {
        try await store.ledger(.full, nowMs: clock()) { ledger in
            try ledger.requireSandbox(sandbox)
            try ledger.prune()
            let rules = ApprovalRules(policy: try ledger.policy(of: sandbox), approver: approver)
            try rules.requirePairing()
            guard let device = try ledger.device(deviceId, in: sandbox) else { throw rules.unknown(.removal) }
            try rules.remove(device)
            try ledger.remove(device: deviceId, in: sandbox)
            var events = [ScopeEvent.revoked(deviceId: deviceId, sandbox: sandbox)]
            if let request = try ledger.pending(of: deviceId, in: sandbox) {
                try ledger.remove(request: request.requestId)
                events.append(Self.resolved(request, .rejected))
            }
            try ledger.audit(
                always: AuditRecord(
                    atMs: ledger.nowMs, sandbox: sandbox, actor: approver.auditName, deviceId: deviceId,
                    provenance: nil, asked: [], granted: [], outcome: .removed, rule: .deviceRemoved))
            return (["deviceId": .string(deviceId)], events)
        }
    }

    private static func find(
        _ requestId: String, _ sandbox: SandboxName?, _ approver: Approver, _ act: ApprovalRules.Act,
        in ledger: inout ScopeLedger
    ) throws -> (PendingRequest, ApprovalRules) {
        try ledger.prune()
        let request = try ledger.pending(requestId)
        // A connection speaks for its own sandbox only: another one's request does not exist for it.
        guard let request, sandbox == nil || request.sandbox == sandbox else {
            let rules = ApprovalRules(policy: .standard, approver: approver)
            try rules.requirePairing()
            throw rules.unknown(act)
        }
        return (request, ApprovalRules(policy: try ledger.policy(of: request.sandbox), approver: approver))
    }

    /// Writes what approving a request gives its device.
    private static func pair(
        _ request: PendingRequest, via: PairedDevice.Approval, in ledger: inout ScopeLedger
    ) throws -> (PairedDevice, [ScopeEvent]) {
        let now = ledger.nowMs
        var events: [ScopeEvent] = []
        let stored = try ledger.device(request.deviceId, in: request.sandbox)
        if stored == nil {
            events = try DeviceRoom.make(in: &ledger, sandbox: request.sandbox, forOwner: via == .decision)
        }
        var device: PairedDevice
        if let stored, stored.publicKey == request.publicKey {
            device = stored
        } else {
            // Nothing of a record with another key is inherited, tokens least of all.
            if stored != nil {
                try ledger.removeTokens(of: request.deviceId, in: request.sandbox)
                events.append(.revoked(deviceId: request.deviceId, sandbox: request.sandbox))
            }
            device = PairedDevice(
                sandbox: request.sandbox, deviceId: request.deviceId, publicKey: request.publicKey,
                displayName: nil, platform: "", deviceFamily: nil, clientId: "", clientMode: "", roles: [],
                approvedScopes: [], sandboxScopes: [], approvedVia: via, createdAtMs: now, approvedAtMs: now,
                lastSeenAtMs: now)
        }
        device.displayName = request.displayName ?? device.displayName
        device.platform = request.platform
        device.deviceFamily = request.deviceFamily
        device.clientId = request.clientId
        device.clientMode = request.clientMode
        device.approve(roles: request.roles, scopes: request.scopes, ceiling: request.ceiling, via: via, atMs: now)
        try ledger.save(device)
        return (device, events)
    }

    private static func resolved(_ request: PendingRequest, _ decision: ScopeEvent.Decision) -> ScopeEvent {
        .resolved(
            requestId: request.requestId, deviceId: request.deviceId, decision: decision, sandbox: request.sandbox)
    }

    private static func audit(
        _ request: PendingRequest, _ approver: Approver, _ outcome: AuditRecord.Outcome, granted: [String],
        in ledger: ScopeLedger
    ) throws {
        let rule: PairingRule = if case .operator = approver { .operatorDecision } else { .connectionDecision }
        try ledger.audit(
            always: AuditRecord(
                atMs: ledger.nowMs, sandbox: request.sandbox, actor: approver.auditName, deviceId: request.deviceId,
                provenance: request.provenance, asked: request.scopes, granted: granted, outcome: outcome, rule: rule))
    }
}
