import Shared

/// One row of the audit: who, from where, asked, granted, by which rule.
struct AuditRecord: Sendable, Equatable {
    enum Outcome: String, Sendable { case granted, held, refused, approved, rejected, removed, expired, coalesced }

    /// Grows by one a row; 0 before it is written.
    var id: Int64 = 0
    var atMs: Int64
    var sandbox: SandboxName
    /// `connect` for a device that asks for itself, else `Approver.auditName`.
    var actor: String
    var deviceId: String?
    var provenance: Provenance?
    var asked: [String]
    var granted: [String]
    var outcome: Outcome
    var rule: PairingRule
    /// Identical decisions (outcome `coalesced`: any decisions) before this row that have no row of their own.
    var repeated: Int = 0
}
