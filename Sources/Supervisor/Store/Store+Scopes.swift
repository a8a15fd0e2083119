import GRDB
import Shared

extension Store {
    /// One transaction over the tables of the scope authority.
    func ledger<Value: Sendable>(
        _ durability: Durability, nowMs: Int64, _ body: @Sendable (inout ScopeLedger) throws -> Value
    ) throws(NemoClawError) -> Value {
        var gate = auditGate
        let value = try write(durability) { database in
            var ledger = ScopeLedger(database: database, nowMs: nowMs, gate: gate)
            let value = try body(&ledger)
            gate = ledger.gate
            return value
        }
        // Only now: a transaction that failed wrote no rows.
        auditGate = gate
        return value
    }

    /// The scope policy of a sandbox.
    /// - Throws: `not_found`.
    func scopePolicy(_ name: SandboxName) throws(NemoClawError) -> ScopePolicy {
        try read { database in
            try Self.requireSandbox(name, in: database)
            return try ScopeLedger(database: database, nowMs: 0, gate: AuditGate()).policy(of: name)
        }
    }

    /// Sets the scope policy. What devices have already stays theirs, except what is denied.
    /// - Throws: `not_found`, `invalid_argument`.
    func setScopePolicy(_ name: SandboxName, _ policy: ScopePolicy) throws(NemoClawError) {
        let text = String(decoding: try JSONCoding.encode(try policy.validated()), as: UTF8.self)
        try write { database in
            try Self.requireSandbox(name, in: database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO scopePolicies (sandbox, policy) VALUES (?, ?)",
                arguments: [name.rawValue, text])
        }
    }

    /// Rows of the audit, newest first.
    /// - Parameters:
    ///   - before: only rows with a smaller id, for the next page.
    ///   - limit: 1 to 1000 rows.
    func audit(sandbox: SandboxName? = nil, before: Int64? = nil, limit: Int = 100) throws(NemoClawError)
        -> [AuditRecord]
    {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM audit WHERE (?1 IS NULL OR sandbox = ?1) AND (?2 IS NULL OR id < ?2)
                    ORDER BY id DESC LIMIT ?3
                    """,
                arguments: [sandbox?.rawValue, before, min(max(limit, 1), 1000)]
            ).map(AuditRecord.init(row:))
        }
    }

    /// Writes what the audit only counted so far; before the store is closed.
    func flushAudit(nowMs: Int64) throws(NemoClawError) {
        try ledger(.full, nowMs: nowMs) { ledger in
            for row in ledger.gate.drain(atMs: nowMs) { try ledger.audit(always: row) }
        }
    }
}
