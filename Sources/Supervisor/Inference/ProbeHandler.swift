import NIOCore
import NIOHTTP1
import NIOSSL
import Shared

/// The one request of a probe.
final class ProbeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// The longest list of models is about 200 KiB.
    private static let maximumBytes = 1024 * 1024

    private let route: PreparedRoute
    private let settle: @Sendable (ProbeOutcome) -> Void
    private var status = 0
    private var body: [UInt8] = []

    init(route: PreparedRoute, settle: @escaping @Sendable (ProbeOutcome) -> Void) {
        self.route = route
        self.settle = settle
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers = HTTPHeaders([
            ("host", route.authority), ("accept", "application/json"), ("connection", "close"),
        ])
        if let bearer = route.bearer { headers.add(name: "authorization", value: bearer.reveal()) }
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "\(route.openAIPrefix)/models", headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = Int(head.status.code)
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= Self.maximumBytes else {
                return settle(.wrongProtocol(detail: "the list of models is too long"))
            }
            body += buffer.readableBytesView
        case .end: settle(ProviderProbe.outcome(status: status, body: body, model: route.route.model))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is IOError: break  // the channel goes inactive next
        case NIOSSLError.uncleanShutdown, HTTPParserError.invalidEOFState: settle(ProviderProbe.outcome(of: .closed))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            settle(.wrongProtocol(detail: "TLS failed: \(error)"))
        default: settle(ProviderProbe.outcome(of: .notHTTP))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        settle(ProviderProbe.outcome(of: .closed))
        context.fireChannelInactive()
    }
}
