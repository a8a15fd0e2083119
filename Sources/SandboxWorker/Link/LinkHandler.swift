import NIOCore
import Shared

/// Frames of `worker.sock` to messages and back.
final class LinkHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = [UInt8]
    typealias OutboundOut = ByteBuffer

    private var frames = FrameBuffer(maximumBody: LinkMessage.maximumBody)
    private var isBroken = false
    private let receive: @Sendable (LinkMessage) -> Void
    private let lost: @Sendable (NemoClawError?) -> Void
    private var problem: NemoClawError?

    init(
        receive: @escaping @Sendable (LinkMessage) -> Void, lost: @escaping @Sendable (NemoClawError?) -> Void
    ) {
        self.receive = receive
        self.lost = lost
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        frames.append(unwrapInboundIn(data).readableBytesView)
        do throws(NemoClawError) {
            while !isBroken, let body = try frames.next() {
                receive(try JSONCoding.decode(LinkMessage.self, from: body))
            }
        } catch {
            isBroken = true
            problem = error
            context.close(promise: nil)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(wrapOutboundOut(ByteBuffer(bytes: FrameBuffer.frame(unwrapOutboundIn(data)))), promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isBroken = true
        lost(problem)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
