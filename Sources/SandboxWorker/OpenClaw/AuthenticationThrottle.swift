/// Lock-out after wrong tokens of browsers: 10 in 60 s close the door for 300 s. Loopback programs without an `Origin`
/// are exempt, as in the reference: they cannot be driven by a web page.
struct AuthenticationThrottle: Sendable {
    private static let attempts = 10
    private static let windowMilliseconds: Int64 = 60_000
    private static let lockoutMilliseconds: Int64 = 300_000

    private var failures: [Int64] = []
    private var lockedUntil: Int64 = 0

    func isLocked(at now: Int64) -> Bool { now < lockedUntil }

    mutating func failed(at now: Int64) {
        failures = failures.filter { now - $0 < Self.windowMilliseconds } + [now]
        guard failures.count >= Self.attempts else { return }
        failures = []
        lockedUntil = now + Self.lockoutMilliseconds
    }
}
