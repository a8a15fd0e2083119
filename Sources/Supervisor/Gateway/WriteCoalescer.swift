import NIOCore

/// Gathers what is written between two flushes, so that a head and its body, or a chunk and its framing, become one TLS
/// record instead of three. Also tells the connection that bytes came in.
final class WriteCoalescer: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = ByteBuffer

    private var pending = ByteBuffer()
    private let bytesArrived: () -> Void

    init(bytesArrived: @escaping () -> Void) {
        self.bytesArrived = bytesArrived
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytesArrived()
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var buffer) = unwrapOutboundIn(data) else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        if pending.readableBytes + buffer.readableBytes > GatewayLimits.coalescedBytes { writePending(context) }
        if promise != nil || buffer.readableBytes > GatewayLimits.coalescedBytes {
            writePending(context)
            context.write(wrapOutboundOut(buffer), promise: promise)
        } else if pending.readableBytes == 0 {
            pending = buffer
        } else {
            pending.writeBuffer(&buffer)
        }
    }

    func flush(context: ChannelHandlerContext) {
        writePending(context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        writePending(context)
        context.close(mode: mode, promise: promise)
    }

    private func writePending(_ context: ChannelHandlerContext) {
        guard pending.readableBytes > 0 else { return }
        let buffer = pending
        pending = ByteBuffer()
        context.write(wrapOutboundOut(buffer), promise: nil)
    }
}
