import Shared

/// Keeps a flood of connects from filling the audit, and the audit honest about it: identical decisions about a device
/// share a row for a minute, each side of a sandbox earns rows at a fixed rate (so the inside cannot mute the host's), and
/// what has no row is counted in the next one.
struct AuditGate: Sendable {
    private struct Key: Hashable {
        var side: Side
        var deviceId: String?
        var outcome: AuditRecord.Outcome
        var rule: PairingRule
        var asked: [String]
    }

    private struct Side: Hashable {
        var sandbox: SandboxName
        var provenance: Provenance?

        var order: String { "\(sandbox) \(provenance?.rawValue ?? "")" }
    }

    private struct Watch {
        var record: AuditRecord
        var sinceMs: Int64
        var repeated = 0
    }

    private struct Budget {
        var rows = ScopeLimits.auditBurst
        var refilledAtMs: Int64
        var dropped = 0
    }

    private var watches: [Key: Watch] = [:]
    private var budgets: [Side: Budget] = [:]
    private var sweptAtMs: Int64 = 0

    /// Rows to write now for a decision about a connect. What people decide does not come through here.
    mutating func rows(for record: AuditRecord) -> [AuditRecord] {
        var rows = sweep(atMs: record.atMs)
        let key = Key(
            side: Self.side(of: record), deviceId: record.deviceId, outcome: record.outcome, rule: record.rule,
            asked: record.asked)
        if var watch = watches[key], record.atMs - watch.sinceMs < ScopeLimits.coalescingMs {
            watch.repeated += 1
            watches[key] = watch
            return rows
        }
        if watches.count >= ScopeLimits.auditKeys {
            // The flood has more faces than we watch: let go of all at once, with their counts.
            rows += drain(atMs: record.atMs)
        }
        guard let dropped = spend(record) else { return rows }
        if dropped > 0 { rows.append(Self.summary(Self.side(of: record), atMs: record.atMs, dropped)) }
        watches[key] = Watch(record: record, sinceMs: record.atMs)
        return rows + [record]
    }

    /// Rows for everything that was only counted so far.
    mutating func drain(atMs: Int64) -> [AuditRecord] {
        defer {
            watches = [:]
            for side in budgets.keys { budgets[side]?.dropped = 0 }
        }
        let repeats = watches.values.filter { $0.repeated > 0 }
        var dropped = budgets.mapValues(\.dropped)
        // One row a side, so that a drain itself stays small.
        for watch in repeats { dropped[Self.side(of: watch.record), default: 0] += watch.repeated }
        return dropped.filter { $0.value > 0 }.sorted { $0.key.order < $1.key.order }
            .map { Self.summary($0.key, atMs: atMs, $0.value) }
    }

    /// Ends watches older than the coalescing time; those that counted something leave a row.
    private mutating func sweep(atMs: Int64) -> [AuditRecord] {
        guard atMs - sweptAtMs >= ScopeLimits.coalescingMs else { return [] }
        sweptAtMs = atMs
        var rows: [AuditRecord] = []
        for (key, watch) in watches where atMs - watch.sinceMs >= ScopeLimits.coalescingMs {
            watches[key] = nil
            guard watch.repeated > 0 else { continue }
            var row = watch.record
            row.atMs = atMs
            row.repeated = watch.repeated
            rows.append(row)
        }
        budgets = budgets.filter { $0.value.dropped > 0 || atMs - $0.value.refilledAtMs < 86_400_000 }
        return rows
    }

    /// Takes one row from the side's budget.
    /// - Returns: decisions without a row since the last one; nil when the budget is used up.
    private mutating func spend(_ record: AuditRecord) -> Int? {
        let side = Self.side(of: record)
        var budget = budgets[side] ?? Budget(refilledAtMs: record.atMs)
        defer { budgets[side] = budget }
        let earned = max(0, (record.atMs - budget.refilledAtMs) / ScopeLimits.auditRefillMs)
        if earned > 0 {
            budget.rows = Int(min(Int64(ScopeLimits.auditBurst), Int64(budget.rows) + earned))
            budget.refilledAtMs += earned * ScopeLimits.auditRefillMs
        }
        guard budget.rows > 0 else {
            budget.dropped += 1
            return nil
        }
        budget.rows -= 1
        defer { budget.dropped = 0 }
        return budget.dropped
    }

    private static func side(of record: AuditRecord) -> Side {
        Side(sandbox: record.sandbox, provenance: record.provenance)
    }

    private static func summary(_ side: Side, atMs: Int64, _ count: Int) -> AuditRecord {
        AuditRecord(
            atMs: atMs, sandbox: side.sandbox, actor: "connect", deviceId: nil, provenance: side.provenance, asked: [],
            granted: [], outcome: .coalesced, rule: .coalesced, repeated: count)
    }
}
