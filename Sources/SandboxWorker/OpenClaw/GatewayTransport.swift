import NIOCore

/// The sending half of one WebSocket.
protocol GatewayTransport: Sendable {
    /// - Parameter droppable: may be left out when the client reads too slowly; otherwise that closes it.
    func send(_ text: ByteBuffer, droppable: Bool)
    func close(code: UInt16, reason: String)
    /// Allows messages of `GatewayLimits.maximumPayload`.
    func raiseLimit()
}

/// Commands to `WebSocketHandler`, in the order they were written.
enum WebSocketCommand: Sendable {
    case text(ByteBuffer, droppable: Bool)
    case close(code: UInt16, reason: String)
    case raiseLimit
}

struct ChannelTransport: GatewayTransport {
    let channel: any Channel

    func send(_ text: ByteBuffer, droppable: Bool) {
        channel.writeAndFlush(WebSocketCommand.text(text, droppable: droppable), promise: nil)
    }

    func close(code: UInt16, reason: String) {
        channel.writeAndFlush(WebSocketCommand.close(code: code, reason: reason), promise: nil)
    }

    func raiseLimit() {
        channel.writeAndFlush(WebSocketCommand.raiseLimit, promise: nil)
    }
}
