import NIOCore

/// The handler nearest the socket: closes the connection below TLS, so that no `close_notify` makes a cut-off answer
/// look complete and no graceful shutdown waits for a peer that is gone.
final class SocketEdge: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Reads once although the request is complete, so that a client's `close_notify` is seen while its answer flows.
    /// One read only: what a client pipelines behind its request stays in the kernel.
    func watchForEnd() {
        context?.read()
    }

    /// Closes at once; what is not written yet is lost.
    func cut() {
        context?.close(promise: nil)
    }

    /// Closes when everything flushed so far has been written.
    func cutAfterWrites() {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in self.cut() }
    }
}
