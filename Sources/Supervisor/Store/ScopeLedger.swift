import GRDB
import Shared

/// The tables of the scope authority inside one transaction: all of what a decision changes is written, or nothing.
struct ScopeLedger {
    let database: Database
    let nowMs: Int64
    var gate: AuditGate

    func requireSandbox(_ name: SandboxName) throws {
        try Store.requireSandbox(name, in: database)
    }

    /// The sandbox's policy, the standard one if none was set.
    func policy(of sandbox: SandboxName) throws -> ScopePolicy {
        let text = try String.fetchOne(
            database, sql: "SELECT policy FROM scopePolicies WHERE sandbox = ?", arguments: [sandbox.rawValue])
        guard let text else { return .standard }
        do {
            return try JSONCoding.decode(ScopePolicy.self, from: Array(text.utf8))
        } catch {
            throw NemoClawError(.stateCorrupt, "cannot read the scope policy of sandbox \"\(sandbox)\"")
        }
    }

    /// Writes the row whatever else happens: for what people decide.
    func audit(always record: AuditRecord) throws {
        try database.execute(
            sql: """
                INSERT INTO audit (atMs, sandbox, actor, deviceId, provenance, asked, granted, outcome, rule, repeated)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                record.atMs, record.sandbox.rawValue, record.actor, record.deviceId, record.provenance?.rawValue,
                ScopeList.text(record.asked), ScopeList.text(record.granted), record.outcome.rawValue,
                record.rule.rawValue, record.repeated,
            ])
    }

    /// Writes the row unless the gate counts it instead: for what devices cause.
    mutating func audit(_ record: AuditRecord) throws {
        for row in gate.rows(for: record) { try audit(always: row) }
    }
}

/// Scopes and roles in a column: they have no spaces.
enum ScopeList {
    static func text(_ scopes: [String]) -> String { scopes.joined(separator: " ") }
    static func scopes(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}

extension AuditRecord {
    init(row: Row) throws {
        let provenance: String? = row["provenance"]
        let (outcome, rule): (String, String) = (row["outcome"], row["rule"])
        guard let outcome = Outcome(rawValue: outcome), let rule = PairingRule(rawValue: rule) else {
            throw NemoClawError(.stateCorrupt, "cannot read a row of the audit")
        }
        self.init(
            id: row["id"], atMs: row["atMs"], sandbox: try SandboxName(row["sandbox"]), actor: row["actor"],
            deviceId: row["deviceId"], provenance: provenance.flatMap { Provenance(rawValue: $0) },
            asked: ScopeList.scopes(row["asked"]), granted: ScopeList.scopes(row["granted"]), outcome: outcome,
            rule: rule, repeated: row["repeated"])
    }
}
