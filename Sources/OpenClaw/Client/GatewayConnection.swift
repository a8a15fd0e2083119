import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Shared

/// A connection to a gateway that has said hello.
struct GatewayConnection: Sendable {
    /// What a connection needs to be made.
    struct Opening: Sendable {
        var target: GatewayTarget
        var trustFile: String
        /// Params of `connect` for a nonce.
        var makeConnect: @Sendable (_ nonce: String) throws -> JSONValue
        var onEvent: @Sendable (_ name: String, _ payload: JSONValue) -> Void = { _, _ in }
    }

    private struct Link: Sendable {
        let channel: any Channel
        let handler: NIOLoopBound<GatewayClientHandler>
    }

    let hello: GatewayHello
    private let link: Link

    /// Nothing at all was received for this long: five ticks of a gateway.
    private static let silenceLimit = TimeAmount.seconds(150)
    private static let connectLimit = TimeAmount.seconds(10)

    /// One attempt to connect.
    /// - Throws: `GatewayRefusal`; `HTTPFailure` when there is no gateway; `NemoClawError`; `CancellationError`.
    static func open(_ opening: Opening, group: any EventLoopGroup) async throws -> GatewayConnection {
        let loop = group.next()
        let hello = loop.makePromise(of: GatewayHello.self)
        do {
            let link = try await connect(opening, hello: hello, loop: loop).cancellableValue()
            return GatewayConnection(hello: try await hello.futureResult.cancellableValue(), link: link)
        } catch {
            hello.fail(error)  // no effect when the handler was first
            if error is GatewayRefusal || error is NemoClawError || error is CancellationError { throw error }
            throw HTTPFailure.connecting(error)
        }
    }

    /// Sends a request and waits for its answer; with `expectingFinal`, an `accepted` answer is passed over.
    /// - Throws: `GatewayRefusal`.
    func call(_ method: String, _ params: JSONValue, expectingFinal: Bool = false, limit: TimeAmount = .seconds(30))
        async throws -> JSONValue
    {
        let (handler, loop) = (link.handler, link.channel.eventLoop)
        return try await loop.flatSubmit {
            handler.value.call(method, params, expectingFinal: expectingFinal, limit: limit, on: loop)
        }.cancellableValue()
    }

    func close() async {
        try? await link.channel.close()  // try?: it may be closed already, which is as well
    }

    private static func connect(_ opening: Opening, hello: EventLoopPromise<GatewayHello>, loop: any EventLoop) throws
        -> EventLoopFuture<Link>
    {
        let target = opening.target
        let context = target.usesTLS ? try TrustedContext.make(trustFile: opening.trustFile) : nil
        let upgraded = loop.makePromise(of: Link.self)
        ClientBootstrap(group: loop)
            .connectTimeout(connectLimit)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let name = Loopback.contains(target.host) ? nil : target.host
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try upgrade(channel, opening, hello: hello).cascade(to: upgraded)
                }
            }
            .connect(host: target.host, port: target.port)
            .whenFailure { upgraded.fail($0) }
        return upgraded.futureResult
    }

    /// The bytes behind the gateway's `101` are kept: its challenge often shares a TCP segment with it.
    private static func upgrade(_ channel: any Channel, _ opening: Opening, hello: EventLoopPromise<GatewayHello>)
        throws -> EventLoopFuture<Link>
    {
        let upgrader = NIOTypedWebSocketClientUpgrader<Link>(
            maxFrameSize: GatewayFrame.maximumBytes, enableAutomaticErrorHandling: false
        ) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                let handler = GatewayClientHandler(
                    hello: hello, makeConnect: opening.makeConnect, onEvent: opening.onEvent)
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(SilenceDeadlineHandler(first: silenceLimit, idle: silenceLimit))
                try pipeline.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 16_384,
                        maxAccumulatedFrameSize: GatewayFrame.maximumBytes))
                try pipeline.addHandler(handler)
                return Link(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
            }
        }
        let headers = HTTPHeaders([("host", opening.target.authority)])
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: opening.target.path, headers: headers)
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head, upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.close(promise: nil)
                    return channel.eventLoop.makeFailedFuture(HTTPFailure.connect("it does not speak WebSocket"))
                }))
        configuration.leftOverBytesStrategy = .forwardBytes
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: configuration)
    }
}
