import Shared

/// The way to the supervisor, as far as the gateway needs it.
protocol SupervisorAsking: Sendable {
    /// Waits for the link and for the answer, `milliseconds` in all.
    /// - Throws: `unavailable` when the link is down for that long, `timeout`, or the supervisor's own error.
    func ask(_ method: String, _ params: JSONValue, milliseconds: Int64) async throws(NemoClawError) -> JSONValue
    /// Nothing comes back; lost while the link is down.
    func tell(_ method: String, _ params: JSONValue) async
}

/// Milliseconds since 1970, passed in so that tests can set it.
struct WallClock: Sendable {
    let now: @Sendable () -> Int64
}
