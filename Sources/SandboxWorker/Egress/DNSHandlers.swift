import NIOCore

/// DNS over UDP.
final class DNSDatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let query = unwrapInboundIn(data)
        // A full send queue drops the answer, as networks do.
        guard context.channel.isWritable, let answer = DNSMessage.answer(to: query.data) else { return }
        context.write(
            wrapOutboundOut(AddressedEnvelope(remoteAddress: query.remoteAddress, data: answer)), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

    // An error of one datagram (the asker is gone) is none of the listener's.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// DNS over TCP: two bytes of length before each message; at most a few queries, then the end.
final class DNSStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let maximumQueries = 16
    static let idleTime = TimeAmount.seconds(5)

    private var buffer = ByteBuffer()
    private var queries = 0
    private var deadline: Scheduled<Void>?

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: Self.idleTime) { channel.close(promise: nil) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
        while let length: UInt16 = buffer.getInteger(at: buffer.readerIndex) {
            guard Int(length) <= DNSMessage.maximumQuery, queries < Self.maximumQueries else {
                return context.close(promise: nil)
            }
            guard buffer.readableBytes >= 2 + Int(length) else { return }
            buffer.moveReaderIndex(forwardBy: 2)
            queries += 1
            guard let query = buffer.readSlice(length: Int(length)), let answer = DNSMessage.answer(to: query) else {
                return context.close(promise: nil)
            }
            var reply = ByteBuffer()
            reply.writeInteger(UInt16(answer.readableBytes))
            reply.writeImmutableBuffer(answer)
            context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
