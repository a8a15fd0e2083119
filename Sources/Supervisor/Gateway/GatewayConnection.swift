import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Shared

/// One client connection: takes its requests one after the other through route, splice, provider and back.
///
/// It works at the end of the channel's pipeline, on the channel's event loop, and so does everything it holds.
final class GatewayConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Where the connection came in, which is a fact and not a claim.
    enum Origin: Equatable {
        case sandbox(SandboxName)
        case host
    }

    enum Phase {
        /// Accepted; nothing came through TLS yet.
        case handshaking
        case idle
        /// A request's body comes in and is kept back.
        case receiving
        /// A request that the gateway answers itself comes in; its body is thrown away.
        case swallowing
        case connecting
        /// The request goes out, or is out, and no answer has come.
        case awaiting
        case streaming
        /// The answer is out and says `close`; the rest of the request is thrown away.
        case draining
        case closed
    }

    let origin: Origin
    let loop: GatewayLoop
    let edge: SocketEdge
    var context: ChannelHandlerContext?
    var phase = Phase.handshaking
    var deadline: NIODeadline
    var readHeld = false
    private var headHasBegun = false
    private var connectionMeter: SandboxMeter?
    /// The request at hand; its members are meaningful from its head to the answer's end.
    var exchange = Exchange()

    init(origin: Origin, loop: GatewayLoop, edge: SocketEdge) {
        self.origin = origin
        self.loop = loop
        self.edge = edge
        deadline = .now() + GatewayLimits.handshake
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if case .sandbox(let name) = origin {
            let meter = loop.meter(of: name)
            guard meter.connectionOpened() else {
                loop.logger.notice("sandbox has too many connections", metadata: ["sandbox.name": "\(name)"])
                phase = .closed
                return edge.cut()
            }
            connectionMeter = meter
        }
        loop.opened(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        endConnection()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endConnection()
        context.fireChannelInactive()
    }

    private func endConnection() {
        phase = .closed
        dropUpstream()
        endMetering()
        connectionMeter?.connectionClosed()
        connectionMeter = nil
        loop.closed(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            headHasBegun = false
            if phase == .idle || phase == .handshaking { receive(head) }
        case .body(let buffer): receive(buffer)
        case .end: receiveEnd()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        exchange.upstream?.flush()
        context.fireChannelReadComplete()
    }

    /// Holds reading back while the provider does not take what came.
    func read(context: ChannelHandlerContext) {
        if mustHoldReading { readHeld = true } else { context.read() }
    }

    private var mustHoldReading: Bool {
        switch phase {
        case .connecting: exchange.held.readableBytes > GatewayLimits.heldBytes
        case .awaiting, .streaming: exchange.upstream.map { !$0.isWritable } ?? false
        default: false
        }
    }

    func resumeReading() {
        guard readHeld, !mustHoldReading else { return }
        readHeld = false
        context?.read()
    }

    var clientIsWritable: Bool { context?.channel.isWritable ?? false }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            renewIdleDeadline()
            exchange.upstream?.resumeReading()
        }
        context.fireChannelWritabilityChanged()
    }

    /// Bytes came through TLS: the handshake is over, and a head that begins must end soon.
    func bytesArrived() {
        guard phase == .handshaking || phase == .idle, !headHasBegun else { return }
        phase = .idle
        headHasBegun = true
        deadline = .now() + GatewayLimits.head
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        // NIO and NIOSSL close the channel themselves. Closing it here would start a graceful TLS shutdown on a dead
        // connection, which keeps its memory for the length of the shutdown's time limit.
        case is IOError, is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: break
        case HTTPParserError.headerOverflow:
            refuseBrokenRequest(
                GatewayProblem(
                    .requestHeaderFieldsTooLarge, "headers_too_large", "the request's headers are too large"))
        default:
            refuseBrokenRequest(GatewayProblem(.badRequest, "invalid_request", "the request is not valid HTTP/1.1"))
        }
    }

    private func refuseBrokenRequest(_ problem: GatewayProblem) {
        switch phase {
        case .handshaking, .idle:
            exchange.reset()
            exchange.id = loop.nextRequestID()
            exchange.requestIsComplete = true
            answer(problem)
        case .receiving, .swallowing, .connecting, .awaiting:
            // Nothing behind a broken part can be read as a request.
            exchange.requestIsComplete = true
            exchange.clientKeepsAlive = false
            answer(problem)
        case .streaming, .draining: abort()
        case .closed: break
        }
    }

    // MARK: Ends

    func deadlinePassed() {
        switch phase {
        case .handshaking, .draining, .closed: cut()
        case .idle: if headHasBegun { cut() } else { closeGracefully() }
        case .receiving, .swallowing:
            answer(GatewayProblem(.requestTimeout, "request_timeout", "the request's body did not come in time"))
        case .connecting, .awaiting:
            let failure = exchange.deadlineMeaning
            dropUpstream()
            answerUpstream(failure)
        case .streaming: abort()
        }
    }

    func closeGracefully() {
        phase = .draining
        deadline = .now() + GatewayLimits.linger
        context?.close(promise: nil)
    }

    /// Ends an answer that cannot be completed, so that the client sees that it is cut off.
    func abort() {
        dropUpstream()
        endMetering()
        phase = .draining
        deadline = .now() + GatewayLimits.linger
        context?.flush()
        edge.cutAfterWrites()
    }

    func cut() {
        dropUpstream()
        edge.cut()
    }

    func dropUpstream() {
        let upstream = exchange.upstream
        exchange.upstream = nil
        exchange.number &+= 1
        upstream?.abandon()
    }

    func endMetering() {
        guard let meter = exchange.meter else { return }
        exchange.meter = nil
        meter.streamEnded(input: exchange.usage.inputTokens, output: exchange.usage.outputTokens)
    }
}
