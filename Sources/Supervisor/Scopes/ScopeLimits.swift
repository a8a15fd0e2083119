/// Named limits of the scope authority.
enum ScopeLimits {
    /// Devices of one sandbox: a person has a handful, a fleet of clients some dozens.
    static let devices = 256
    /// Requests of one sandbox that wait at the same time.
    static let pending = 64
    /// Live tokens of one device and role: one for each process that shares the identity; the longest unused goes first.
    static let tokens = 8
    /// How long a request waits for a decision (protocol notes, 4.4).
    static let pendingLifetimeMs: Int64 = 5 * 60 * 1000
    /// Identical decisions within this time share one audit row, and sightings are not written more often.
    static let coalescingMs: Int64 = 60 * 1000
    /// Audit rows that connects to one sandbox may cause at once, and how long it takes to earn one more:
    /// at most 8640 rows a day under a flood that never ends.
    static let auditBurst = 120
    static let auditRefillMs: Int64 = 10 * 1000
    /// Different decisions that are watched for repetition.
    static let auditKeys = 1024
    /// Longest texts that a device tells about itself, in characters.
    static let displayName = 128
    static let label = 64
    /// Longest token that is looked at, in bytes; ours have 43.
    static let presentedToken = 512
}
