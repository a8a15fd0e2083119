import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One connection to a provider: a channel handler that lends itself to one exchange after the other.
final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    let key: UpstreamKey
    private let edge: SocketEdge
    private unowned let pool: UpstreamPool
    private var context: ChannelHandlerContext?
    private var owner: GatewayConnection?
    private var readHeld = false
    private var requestWritten = false
    private var answerKeepsAlive = false
    private var brokenBy: UpstreamFailure?

    /// Whether an exchange has been completed on it: then a silent close means "was idle for too long".
    private(set) var isReused = false
    /// When it is thrown away, while it is idle.
    var idleUntil = NIODeadline.distantFuture

    init(key: UpstreamKey, edge: SocketEdge, pool: UpstreamPool) {
        self.key = key
        self.edge = edge
        self.pool = pool
    }

    var isUsable: Bool { context?.channel.isActive == true && brokenBy == nil }
    var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: The exchange's side

    func lend(to owner: GatewayConnection) {
        self.owner = owner
        requestWritten = false
        answerKeepsAlive = false
    }

    func write(_ part: HTTPClientRequestPart, promise: EventLoopPromise<Void>? = nil) {
        if case .end = part { requestWritten = true }
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(part), promise: promise)
    }

    func flush() { context?.flush() }

    /// The owner wants no more of it: the client is gone, or a body was refused half-way.
    func abandon() {
        owner = nil
        edge.cut()
    }

    /// Reads again after the client took what it had been given.
    func resumeReading() {
        guard readHeld else { return }
        readHeld = false
        context?.read()
    }

    // MARK: The channel's side

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if let owner, !owner.clientIsWritable {
            readHeld = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let owner else { return edge.cut() }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard head.status.code != 101 else { return fail(.notHTTP) }
            answerKeepsAlive = head.isKeepAlive
            owner.upstreamHead(head)
        case .body(let buffer): owner.upstreamBody(buffer)
        case .end:
            self.owner = nil
            isReused = true
            let canBeKept = answerKeepsAlive && requestWritten && brokenBy == nil
            // Back to the pool first: the client's next request may be waiting behind this answer.
            if canBeKept { pool.give(back: self) }
            owner.upstreamEnd()
            if !canBeKept { edge.cut() }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        owner?.upstreamReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { owner?.upstreamBecameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is IOError: brokenBy = .closed  // NIO closes the channel itself; closing TLS here would keep it alive
        case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: fail(.closed)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: fail(.tls)
        default: fail(.notHTTP)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(brokenBy ?? .closed)
        pool.forget(self)
        context.fireChannelInactive()
    }

    private func fail(_ failure: UpstreamFailure) {
        brokenBy = failure
        let owner = owner
        self.owner = nil
        edge.cut()
        owner?.upstreamFailed(failure)
    }
}
