import Shared

/// Questions under way to the supervisor: ids, deadlines, one answer each. A value; the owner resumes the callers.
struct AskTable<Waiter> {
    /// Most questions under way, as the protocol says.
    static var maximum: Int { 64 }

    private var lastID: UInt64 = 0
    private var waiting: [UInt64: Waiter] = [:]

    var count: Int { waiting.count }

    /// The id to ask with.
    /// - Throws: `busy` when too many are under way.
    mutating func add(_ waiter: Waiter) throws(NemoClawError) -> UInt64 {
        guard waiting.count < Self.maximum else {
            throw NemoClawError(.busy, "too many questions to the supervisor are under way")
        }
        lastID += 1
        waiting[lastID] = waiter
        return lastID
    }

    /// Whoever waits for `id`; nil when nobody does (any more).
    mutating func take(_ id: UInt64) -> Waiter? { waiting.removeValue(forKey: id) }

    mutating func takeAll() -> [Waiter] {
        defer { waiting = [:] }
        return waiting.sorted { $0.key < $1.key }.map(\.value)
    }
}
