import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Kept connections to providers of one event loop. The one used last is lent first, so that the others can age.
final class UpstreamPool {
    private let eventLoop: any EventLoop
    private let tls: UpstreamTLS
    private var idle: [UpstreamKey: [UpstreamConnection]] = [:]
    private var idleCount = 0
    private var isClosed = false

    init(eventLoop: any EventLoop, tls: UpstreamTLS) {
        self.eventLoop = eventLoop
        self.tls = tls
    }

    /// An idle connection that seems alive, or nil.
    func takeIdle(_ key: UpstreamKey) -> UpstreamConnection? {
        while let connection = idle[key]?.popLast() {
            idleCount -= 1
            if connection.isUsable { return connection }
        }
        return nil
    }

    func give(back connection: UpstreamConnection) {
        guard connection.isUsable, !isClosed, idleCount < GatewayLimits.idleUpstreamsPerLoop else {
            connection.abandon()
            return
        }
        connection.idleUntil = .now() + GatewayLimits.upstreamIdle
        idle[connection.key, default: []].append(connection)
        idleCount += 1
    }

    func forget(_ connection: UpstreamConnection) {
        guard let index = idle[connection.key]?.firstIndex(where: { $0 === connection }) else { return }
        idle[connection.key]?.remove(at: index)
        idleCount -= 1
    }

    func sweep(now: NIODeadline) {
        guard idleCount > 0 else { return }
        for (key, connections) in idle {
            for connection in connections where connection.idleUntil <= now { connection.abandon() }
            if connections.isEmpty { idle[key] = nil }
        }
    }

    var isEmpty: Bool { idleCount == 0 }

    func close() {
        isClosed = true
        for connection in idle.values.joined() { connection.abandon() }
    }

    /// A new connection. TLS, if any, is still to be negotiated when it is handed over.
    func connect(
        _ key: UpstreamKey, timeout: TimeAmount,
        whenDone: @escaping (Result<UpstreamConnection, UpstreamFailure>) -> Void
    ) {
        let context: NIOSSLContext?
        do {
            context = key.scheme == .https ? try tls.context() : nil
        } catch {
            return whenDone(.failure(.tls))
        }
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try pool.value.configure(channel.pipeline.syncOperations, key: key, context: context)
                }
            }
            .connect(host: key.host, port: key.port)
            .assumeIsolated()
            .whenComplete { result in
                whenDone(
                    result
                        .flatMap { channel in
                            Result { try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self) }
                        }
                        .mapError { UpstreamFailure(connecting: $0) })
            }
    }

    private func configure(
        _ pipeline: ChannelPipeline.SynchronousOperations, key: UpstreamKey, context: NIOSSLContext?
    ) throws {
        let edge = SocketEdge()
        try pipeline.addHandler(edge)
        if let context {
            // An address cannot be named in SNI; NIOSSL then checks the certificate against the peer's address.
            let isAddress =
                key.host.contains(":") || key.host.utf8.allSatisfy { $0 == 0x2e || (0x30...0x39).contains($0) }
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : key.host))
        }
        try pipeline.addHandler(HTTPRequestEncoder(configuration: Self.encoderConfiguration))
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = GatewayLimits.headBytes
        limits.maxHeaderListSize = GatewayLimits.headBytes
        limits.maxHeaderFieldCount = GatewayLimits.headFields
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPResponseDecoder(informationalResponseStrategy: .drop, limitConfiguration: limits)))
        try pipeline.addHandler(UpstreamConnection(key: key, edge: edge, pool: self))
    }

    private static let encoderConfiguration = {
        var configuration = HTTPRequestEncoder.Configuration()
        configuration.automaticallySetFramingHeaders = false
        return configuration
    }()
}
