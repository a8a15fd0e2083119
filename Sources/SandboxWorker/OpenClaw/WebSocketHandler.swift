import NIOCore

/// What a WebSocket tells its owner. All calls come on the channel's event loop.
protocol WebSocketOwner: AnyObject, Sendable {
    func opened(_ id: ConnectionID, origin: ConnectionOrigin, transport: any GatewayTransport)
    func received(_ id: ConnectionID, message: ByteBuffer)
    func closed(_ id: ConnectionID)
}

/// Number of a connection, unique in this process.
struct ConnectionID: Hashable, Sendable {
    let value: UInt64
}

/// Bytes to messages and back for one WebSocket; the rules are in `WebSocketParser` and behind `WebSocketOwner`.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = WebSocketCommand
    typealias OutboundOut = ByteBuffer

    private let id: ConnectionID
    private let origin: ConnectionOrigin
    private let owner: any WebSocketOwner
    private var parser = WebSocketParser(maximumMessage: GatewayLimits.helloFrameBytes)
    private var isOpen = false
    private var isClosing = false

    init(id: ConnectionID, origin: ConnectionOrigin, owner: any WebSocketOwner) {
        self.id = id
        self.origin = origin
        self.owner = owner
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        open(context)
    }

    func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard !isOpen else { return }
        isOpen = true
        owner.opened(id, origin: origin, transport: ChannelTransport(channel: context.channel))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        parser.append(unwrapInboundIn(data))
        do throws(WebSocketParser.Violation) {
            while !isClosing, let event = try parser.next() { handle(event, context) }
        } catch {
            close(context, code: error.code, reason: error.reason)
        }
    }

    private func handle(_ event: WebSocketParser.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .message(let message): owner.received(id, message: message)
        case .ping(let payload):
            // A peer that pings and does not read gets no answer rather than our memory.
            if context.channel.isWritable {
                context.writeAndFlush(wrapOutboundOut(WebSocketWriter.pong(payload)), promise: nil)
            }
        case .pong: break
        case .close: close(context, code: 1000, reason: "")
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .raiseLimit:
            parser.maximumMessage = GatewayLimits.maximumPayload
            promise?.succeed()
        case .close(let code, let reason):
            close(context, code: code, reason: reason)
            promise?.succeed()
        case .text(let text, let droppable):
            guard !isClosing else { return promise?.succeed() ?? () }
            guard buffered(context) + text.readableBytes <= GatewayLimits.maximumBufferedBytes else {
                promise?.succeed()
                if !droppable { close(context, code: 1008, reason: "slow consumer") }
                return
            }
            context.write(wrapOutboundOut(WebSocketWriter.text(text)), promise: promise)
        }
    }

    private func buffered(_ context: ChannelHandlerContext) -> Int {
        // try?: a channel that has no such option (tests) buffers nothing
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Sends a close frame and ends the connection once it is written, or when the peer does not take it in time.
    private func close(_ context: ChannelHandlerContext, code: UInt16, reason: String) {
        guard !isClosing else { return }
        isClosing = true
        let channel = context.channel
        let deadline = context.eventLoop.scheduleTask(in: GatewayLimits.closeTime) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in deadline.cancel() }
        context.writeAndFlush(wrapOutboundOut(WebSocketWriter.close(code: code, reason: reason))).whenComplete { _ in
            // The peer gets the time to read the frame and to close first: a reset would throw it away.
            channel.close(mode: .output, promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        owner.closed(id)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
