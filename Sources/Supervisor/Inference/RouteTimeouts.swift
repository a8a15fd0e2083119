/// Time limits of a route. There is no limit on the whole of a stream: an answer may take as long as it flows.
struct RouteTimeouts: Sendable, Equatable {
    /// TCP, and TLS where there is any. A provider that is up answers a SYN in far less.
    var connectMilliseconds: Int = 10_000
    /// From the request's end to the answer's head: a large model may have to be loaded, a long prompt to be read.
    var firstByteMilliseconds: Int = 180_000
    /// Between two reads of an answer, or two writes of a request.
    var idleMilliseconds: Int = 120_000
}
