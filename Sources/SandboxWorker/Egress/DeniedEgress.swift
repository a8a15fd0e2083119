import NIOCore
import NIOHTTP1
import Shared

/// The proxy's and port 80's answer while no policy allows anything: 403, with a body that says so.
final class DeniedHTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    static let idleTime = TimeAmount.seconds(10)

    private let sandbox: SandboxName
    private var isAnswered = false
    private var deadline: Scheduled<Void>?

    init(sandbox: SandboxName) { self.sandbox = sandbox }

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
        guard !isAnswered, case .head(let head) = unwrapInboundIn(data) else { return }
        isAnswered = true
        let name = head.headers.first(name: "host") ?? head.uri
        let body: JSONValue = [
            "error": [
                "code": "egress_denied", "host": .string(String(name.prefix(255))),
                "message": .string("egress from sandbox \"\(sandbox)\" is denied by policy"),
            ]
        ]
        // try?: such a value always has a JSON form
        let bytes = (try? JSONCoding.encode(body)) ?? []
        var headers = HTTPHeaders([
            ("Content-Type", "application/json"), ("Content-Length", String(bytes.count)), ("Connection", "close"),
            ("Cache-Control", "no-store"),
        ])
        if head.method == .CONNECT { headers.add(name: "Proxy-Connection", value: "close") }
        let channel = context.channel
        context.write(
            wrapOutboundOut(.head(.init(version: head.version, status: .forbidden, headers: headers))), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Closes what it is given.
final class ClosingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelActive(context: ChannelHandlerContext) { context.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
