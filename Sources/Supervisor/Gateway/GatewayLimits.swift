import NIOCore

/// Limits of the gateway, each with its reason.
enum GatewayLimits {
    /// Accept to first bytes behind TLS: a handshake takes two round trips, and SDKs connect in order to ask.
    static let handshake = TimeAmount.seconds(10)
    /// First byte of a head to its last: heads are small.
    static let head = TimeAmount.seconds(10)
    /// Between two reads of a request's body.
    static let body = TimeAmount.seconds(60)
    /// A kept connection without a request; a bit more than the 60 s that SDKs' pools keep theirs.
    static let keepAlive = TimeAmount.seconds(75)
    /// A pooled upstream connection without a request. Providers close at 60 s and more; a dead one is retried.
    static let upstreamIdle = TimeAmount.seconds(75)
    /// How long a refused request's rest, or an answer that nobody takes, is put up with before the connection is cut.
    static let linger = TimeAmount.seconds(2)
    /// How often the deadlines above are looked at; a deadline is at most this late.
    static let tick = TimeAmount.milliseconds(250)

    static let headBytes = 64 * 1024
    static let headFields = 128
    static let bodyBytes = 64 * 1024 * 1024
    /// Request bytes kept back so that the length is known and a request on a dead pooled connection can be repeated.
    static let heldBytes = 256 * 1024
    static let idleUpstreamsPerLoop = 64
    static let connectionsPerSandbox = 512
    /// Writes are gathered into TLS records up to this size.
    static let coalescedBytes = 16 * 1024
}
