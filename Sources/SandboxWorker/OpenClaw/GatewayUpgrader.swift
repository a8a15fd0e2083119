import Crypto
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Shared

/// How many sockets of one listener are open, and how many of them have not said hello. Used on one event loop.
final class SocketCensus {
    private(set) var total = 0
    private(set) var unauthenticated = 0

    var isFull: Bool {
        unauthenticated >= GatewayLimits.unauthenticatedSockets || total >= GatewayLimits.sockets
    }

    func opened() {
        total += 1
        unauthenticated += 1
    }

    func authenticated() { unauthenticated -= 1 }

    func closed(wasAuthenticated: Bool) {
        total -= 1
        if !wasAuthenticated { unauthenticated -= 1 }
    }
}

/// The HTTP half of opening a WebSocket (RFC 6455 section 4.2) on any path.
final class GatewayUpgrader: HTTPServerProtocolUpgrader {
    struct Refused: Error {}

    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []

    private let gateway: Gateway
    private let provenance: Provenance

    init(gateway: Gateway, provenance: Provenance) {
        self.gateway = gateway
        self.provenance = provenance
    }

    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        let headers = upgradeRequest.headers
        let provenance = provenance
        guard upgradeRequest.method == .GET, headers["sec-websocket-version"] == ["13"],
            let key = headers.first(name: "sec-websocket-key"), headers["sec-websocket-key"].count == 1,
            Data(base64Encoded: key)?.count == 16,
            gateway.assumeIsolated({ !$0.isFull(provenance) })
        else { return channel.eventLoop.makeFailedFuture(Refused()) }
        var answer = initialResponseHeaders
        let digest = Insecure.SHA1.hash(data: Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
        answer.replaceOrAdd(name: "sec-websocket-accept", value: Data(digest).base64EncodedString())
        return channel.eventLoop.makeSucceededFuture(answer)
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        let headers = upgradeRequest.headers
        let proxied = ["x-forwarded-for", "x-real-ip", "x-forwarded-host", "forwarded"].contains {
            headers.contains(name: $0)
        }
        let hosts = headers["host"]
        let origins = headers["origin"]
        let origin = ConnectionOrigin(
            provenance: provenance, host: hosts.count == 1 ? hosts[0] : nil,
            origin: origins.isEmpty ? nil : origins.joined(separator: ","), hasProxyHeaders: proxied)
        let handler = WebSocketHandler(
            id: gateway.assumeIsolated { $0.nextID() }, origin: origin, owner: gateway)
        return context.eventLoop.makeCompletedFuture {
            try context.pipeline.syncOperations.addHandler(handler)
        }
    }
}
