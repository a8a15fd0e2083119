/// Times between two tries to reach the supervisor: 10, 20, 40 … 250 ms, for ever.
struct LinkBackoff: Sendable {
    static let first: Int64 = 10
    static let last: Int64 = 250

    private var next = first

    mutating func failed() -> Int64 {
        defer { next = min(next * 2, Self.last) }
        return next
    }

    mutating func succeeded() { next = Self.first }
}
