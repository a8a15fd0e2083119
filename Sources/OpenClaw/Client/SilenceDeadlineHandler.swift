import NIOCore

/// Ends a connection that stays silent: `first` before anything was read, `idle` between reads.
final class SilenceDeadlineHandler: ChannelInboundHandler {
    typealias InboundIn = Any
    typealias InboundOut = Any

    private let first: TimeAmount
    private let idle: TimeAmount
    private var hasRead = false
    private var timer: Scheduled<Void>?

    init(first: TimeAmount, idle: TimeAmount) {
        self.first = first
        self.idle = idle
    }

    func handlerAdded(context: ChannelHandlerContext) {
        restart(context, after: first)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasRead = true
        restart(context, after: idle)
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    private func restart(_ context: ChannelHandlerContext, after limit: TimeAmount) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) {
            let (handler, context) = bound.value
            context.fireErrorCaught(handler.hasRead ? HTTPFailure.idleTimeout : HTTPFailure.firstByteTimeout)
            context.close(promise: nil)
        }
    }
}
