import Shared

/// Keeps the number of a sandbox's devices within its limit when a new one comes.
enum DeviceRoom {
    /// Removes the longest unseen device if there is no room: first among those the policy let in, for the owner's newcomers
    /// then among those the owner's token let in; never one that a person decided about.
    /// - Throws: `busy` when nobody may go.
    static func make(in ledger: inout ScopeLedger, sandbox: SandboxName, forOwner: Bool) throws -> [ScopeEvent] {
        guard try ledger.deviceCount(in: sandbox) >= ScopeLimits.devices else { return [] }
        let candidate = try ledger.longestUnseen(in: sandbox, via: forOwner ? [.policy, .owner] : [.policy])
        guard let candidate else {
            throw NemoClawError(
                .busy, "sandbox \"\(sandbox)\" has \(ScopeLimits.devices) devices and none may go for a new one",
                hint: "Remove devices that nobody uses: openclaw devices remove <deviceId>")
        }
        try ledger.remove(device: candidate.deviceId, in: sandbox)
        var events = [ScopeEvent.revoked(deviceId: candidate.deviceId, sandbox: sandbox)]
        if let waiting = try ledger.pending(of: candidate.deviceId, in: sandbox) {
            try ledger.remove(request: waiting.requestId)
            events.append(
                .resolved(
                    requestId: waiting.requestId, deviceId: waiting.deviceId, decision: .rejected, sandbox: sandbox))
        }
        try ledger.audit(
            AuditRecord(
                atMs: ledger.nowMs, sandbox: sandbox, actor: "connect", deviceId: candidate.deviceId, provenance: nil,
                asked: [], granted: [], outcome: .removed, rule: .roomForOthers))
        return events
    }
}
