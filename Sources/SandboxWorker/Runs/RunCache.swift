/// Outcomes of finished runs by idempotency key: 5 minutes, 1000 entries (`openclaw-gateway-protocol.md` 1.3).
struct RunCache: Sendable {
    struct Entry: Sendable {
        let ticket: RunTicket
        let outcome: RunOutcome
    }

    static let maximumEntries = 1000
    static let lifetimeMilliseconds: Int64 = 300_000
    /// Text kept in all: a thousand long answers would be gigabytes.
    static let maximumBytes = 16 << 20

    private var entries: [String: Entry] = [:]
    /// Oldest first.
    private var order: [String] = []
    private var bytes = 0

    mutating func insert(_ ticket: RunTicket, _ outcome: RunOutcome) {
        remove(ticket.runId)
        order.removeAll { $0 == ticket.runId }
        var ticket = ticket
        ticket.message = ""
        ticket.extraSystemPrompt = nil
        entries[ticket.runId] = Entry(ticket: ticket, outcome: outcome)
        order.append(ticket.runId)
        bytes += outcome.text.utf8.count
        while order.count > 1, order.count > Self.maximumEntries || bytes > Self.maximumBytes {
            remove(order.removeFirst())
        }
    }

    mutating func entry(_ runId: String, now: Int64) -> Entry? {
        while let oldest = order.first, let entry = entries[oldest],
            now - entry.outcome.endedAtMs > Self.lifetimeMilliseconds
        {
            remove(order.removeFirst())
        }
        return entries[runId]
    }

    private mutating func remove(_ runId: String) {
        if let old = entries.removeValue(forKey: runId) { bytes -= old.outcome.text.utf8.count }
    }
}
