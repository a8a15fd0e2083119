import NIOCore
import NIOHTTP1
import Shared

/// One request and its answer, as far as they have come.
struct Exchange {
    var id = ""
    /// Changes when an upstream connection that is on its way is not wanted any more.
    var number: UInt64 = 0
    var family = APIFamily.openAI
    var isHead = false
    var isHTTP10 = false
    var clientKeepsAlive = false
    var requestIsComplete = false
    var route: PreparedRoute?
    /// What the gateway answers itself when the request is complete.
    var pendingAnswer: LocalAnswer?
    var splicer: ModelSplicer?
    /// Bytes of the body that the client sent, before the splice.
    var bodyBytes = 0
    var announcedLength: Int?
    /// Spliced bytes that no provider was given yet; after that, what is kept for a second attempt.
    var held = ByteBuffer()
    var upstreamHead: HTTPRequestHead?
    var upstream: UpstreamConnection?
    var mayRetry = false
    var deadlineMeaning = UpstreamFailure.connectTimeout
    var usage = UsageScanner()
    var meter: SandboxMeter?
    /// Whether the answer says that the connection closes after it.
    var answerCloses = false

    /// Makes ready for the next request of the connection, with the buffers of the former one.
    mutating func reset() {
        var usage = usage
        usage.reset()
        let number = number &+ 1
        self = Exchange()
        self.usage = usage
        self.number = number
    }
}

/// An answer without a provider.
struct LocalAnswer {
    var status: HTTPResponseStatus
    var body: [UInt8]
    var allow: String?
}
