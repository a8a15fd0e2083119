import Shared

/// Who may decide (protocol notes, 4.5), with one rule of our own in front: whoever speaks from inside the sandbox, or
/// with the sandbox's token, manages only what came out of the sandbox and approves only what the policy gives anyway.
struct ApprovalRules: Sendable {
    enum Act: String, Sendable { case approval, rejection, removal }

    let policy: ScopePolicy
    let approver: Approver

    /// True for connections that do not act for the host's owner.
    static func isRestricted(_ caller: DeviceCaller) -> Bool {
        caller.provenance == .sandbox || caller.method == .sandboxToken
    }

    /// True for who learns that an id is unknown; the others are told "denied" either way.
    var isAdmin: Bool {
        switch approver {
        case .operator: true
        case .connection(let caller): caller.scopes.contains(ScopeRules.admin) && !Self.isRestricted(caller)
        }
    }

    func approve(_ request: PendingRequest) throws(NemoClawError) {
        guard case .connection(let caller) = approver else { return }
        try reach(request, .approval)
        if let stranger = request.scopes.first(where: { scope in
            !request.roles.contains { ScopeRules.belongs(scope, to: $0) }
        }) {
            throw NemoClawError(.forbidden, "invalid scope for requested roles: \(stranger)")
        }
        let missing = request.scopes.first { scope in
            ScopeRules.belongs(scope, to: ScopeRules.operatorRole) && !ScopeRules.covers(caller.scopes, scope)
        }
        if let missing { throw Self.missing(missing) }
        if Self.isRestricted(caller), policy.ruling(for: request.scopes) != .auto { throw Self.denied(.approval) }
    }

    func reject(_ request: PendingRequest) throws(NemoClawError) {
        try reach(request, .rejection)
    }

    func remove(_ device: PairedDevice) throws(NemoClawError) {
        try reach(deviceId: device.deviceId, roles: device.roles, inSandbox: device.belongsToSandbox, .removal)
    }

    /// True if the caller of a list may see it.
    func sees(_ device: PairedDevice) -> Bool { sees(device.deviceId, inSandbox: device.belongsToSandbox) }

    func sees(_ request: PendingRequest) -> Bool { sees(request.deviceId, inSandbox: request.ceiling == .policy) }

    /// - Throws: `forbidden` when the caller may not use the pairing methods at all.
    func requirePairing() throws(NemoClawError) {
        guard case .connection(let caller) = approver else { return }
        guard ScopeRules.covers(caller.scopes, ScopeRules.pairing) else { throw Self.missing(ScopeRules.pairing) }
    }

    /// What somebody hears about an id that does not exist.
    func unknown(_ act: Act) -> NemoClawError {
        guard isAdmin else { return Self.denied(act) }
        return NemoClawError(
            .notFound, act == .removal ? "unknown deviceId" : "unknown requestId",
            hint: "See what waits: nemoclaw approvals")
    }

    private func reach(_ request: PendingRequest, _ act: Act) throws(NemoClawError) {
        try reach(
            deviceId: request.deviceId, roles: request.roles, inSandbox: request.ceiling == .policy, act)
    }

    private func reach(deviceId: String, roles: [String], inSandbox: Bool, _ act: Act) throws(NemoClawError) {
        try requirePairing()
        guard !isAdmin else { return }
        guard sees(deviceId, inSandbox: inSandbox), roles.allSatisfy({ $0 == ScopeRules.operatorRole }) else {
            throw Self.denied(act)
        }
    }

    private func sees(_ deviceId: String, inSandbox: Bool) -> Bool {
        guard !isAdmin, case .connection(let caller) = approver else { return true }
        if Self.isRestricted(caller), !inSandbox { return false }
        return caller.method != .deviceToken || caller.deviceId == deviceId
    }

    private static func denied(_ act: Act) -> NemoClawError {
        NemoClawError(
            .forbidden, "device pairing \(act.rawValue) denied", hint: "Decide on the host: nemoclaw approvals")
    }

    private static func missing(_ scope: String) -> NemoClawError {
        NemoClawError(.forbidden, "missing scope: \(scope)")
    }
}
