import NIOCore
import NIOHTTP1
import Shared

/// Probes and refusals: what is asked over plain HTTP on the gateway's port (`openclaw-gateway-protocol.md` 7).
final class GatewayHTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Answer {
        var status: HTTPResponseStatus
        var body: String
        var type = "text/plain; charset=utf-8"
        var allow: String?
    }

    private let gateway: Gateway
    private let provenance: Provenance
    private var head: HTTPRequestHead?
    private var deadline: Scheduled<Void>?

    init(gateway: Gateway, provenance: Provenance) {
        self.gateway = gateway
        self.provenance = provenance
    }

    func handlerAdded(context: ChannelHandlerContext) { rearm(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break  // no route has a body; it is read and forgotten
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: head, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A refused upgrade still gets its answer: the request follows.
        guard !(error is GatewayUpgrader.Refused) else { return }
        context.close(promise: nil)
    }

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let answer = answer(to: head)
        var headers = HTTPHeaders([
            ("Content-Type", answer.type), ("Content-Length", String(answer.body.utf8.count)),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ])
        if let allow = answer.allow { headers.add(name: "Allow", value: allow) }
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: answer.status, headers: headers))),
            promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        }
        let channel = context.channel
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !head.isKeepAlive { written.whenComplete { _ in channel.close(promise: nil) } }
        rearm(context)
    }

    private func answer(to head: HTTPRequestHead) -> Answer {
        if head.headers["upgrade"].contains(where: { $0.lowercased() == "websocket" }) {
            let provenance = provenance
            return gateway.assumeIsolated({ $0.isFull(provenance) })
                ? Answer(status: .serviceUnavailable, body: "Too many unauthenticated sockets")
                : Answer(status: .badRequest, body: "Bad WebSocket request")
        }
        let path = head.uri.prefix { $0 != "?" && $0 != "#" }
        let body: String
        var status = HTTPResponseStatus.ok
        switch path {
        case "/health", "/healthz": body = #"{"ok":true,"status":"live"}"#
        case "/ready", "/readyz":
            let isReady = gateway.assumeIsolated { $0.isReady }
            status = isReady ? .ok : .serviceUnavailable
            body = #"{"ready":\#(isReady)}"#
        default: return Answer(status: .notFound, body: "Not Found")
        }
        guard head.method == .GET || head.method == .HEAD else {
            return Answer(status: .methodNotAllowed, body: "Method Not Allowed", allow: "GET, HEAD")
        }
        return Answer(status: status, body: body, type: "application/json; charset=utf-8")
    }

    private func rearm(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: GatewayLimits.idleTime) { channel.close(promise: nil) }
    }
}
