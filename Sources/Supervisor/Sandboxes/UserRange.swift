import Shared

/// Own users of sandboxes on a host where the supervisor is root.
enum UserRange {
    /// The block after the usual subordinate ids of one user (`subuid(5)`); 231071 is the workers' group.
    static let first: UInt32 = 231_072
    static let count: UInt32 = 4_096

    static func next(avoiding used: Set<UInt32>) throws(NemoClawError) -> UInt32 {
        guard let free = (first..<first + count).first(where: { !used.contains($0) }) else {
            throw NemoClawError(.unavailable, "no user is left for another sandbox", hint: "Remove one: nemoclaw list")
        }
        return free
    }
}
