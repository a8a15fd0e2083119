import NIOCore

/// Limits of the gateway protocol (`openclaw-gateway-protocol.md` 1.3) and ours beside them.
enum GatewayLimits {
    /// Frame before hello.
    static let helloFrameBytes = 64 * 1024
    /// Frame after hello, `policy.maxPayload`.
    static let maximumPayload = 26_214_400
    /// Send buffer of a connection, `policy.maxBufferedBytes`.
    static let maximumBufferedBytes = 52_428_800
    static let tickMilliseconds: Int64 = 30_000
    /// From accept to a whole `connect`.
    static let handshakeTime = TimeAmount.seconds(15)
    /// Longest wait for the supervisor while a connect is decided and the link is down.
    static let supervisorTime = TimeAmount.seconds(10)
    /// Sockets that have not said hello, a listener: a sandbox must not lock the host's owner out.
    static let unauthenticatedSockets = 64
    /// Sockets in total, a listener.
    static let sockets = 256
    /// A request line with headers: more is an attack on memory.
    static let headerListBytes = 32 * 1024
    /// An HTTP connection without a request, or a peer that does not answer a close frame.
    static let idleTime = TimeAmount.seconds(15)
    static let closeTime = TimeAmount.seconds(2)
    /// Requests of one connection whose answer is outstanding.
    static let requestsUnderWay = 64
    /// Longest signature age, either way.
    static let signatureMilliseconds: Int64 = 120_000
}
