import NIOCore

/// One stream of a session: bytes, writability and the end go to closures on the event loop.
final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let read: @Sendable (ByteBuffer) -> Void
    private let writable: @Sendable (Bool) -> Void
    private let ended: @Sendable () -> Void

    init(
        read: @escaping @Sendable (ByteBuffer) -> Void, writable: @escaping @Sendable (Bool) -> Void = { _ in },
        ended: @escaping @Sendable () -> Void
    ) {
        self.read = read
        self.writable = writable
        self.ended = ended
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { read(unwrapInboundIn(data)) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writable(context.channel.isWritable)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    // A terminal whose last program is gone reads as EIO: that is its end of file.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
