import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Shared
import Synchronization

/// The one gateway of the host: takes the inference requests of all sandboxes and of host programs to their routes.
final class Gateway: Sendable {
    private struct State {
        var listeners: [SandboxName: any Channel] = [:]
        var hostListener: (any Channel)?
        var isShutDown = false
    }

    private let group: any EventLoopGroup
    private let loops: [ObjectIdentifier: NIOLoopBoundBox<GatewayLoop>]
    private let eventLoops: [any EventLoop]
    private let meters: SandboxMeters
    private let logger: Logger
    private let tls: Mutex<NIOSSLContext>
    private let state = Mutex(State())

    /// - Parameter upstreamRoots: what providers' certificates are checked against.
    init(
        group: any EventLoopGroup, certificates: GatewayCertificates, routes: RouteTable, logger: Logger,
        upstreamRoots: NIOSSLTrustRoots = .default
    ) throws {
        self.group = group
        self.logger = logger
        let meters = SandboxMeters()
        let upstreamTLS = UpstreamTLS(roots: upstreamRoots)
        self.meters = meters
        tls = Mutex(try NIOSSLContext(configuration: certificates.tlsConfiguration()))
        eventLoops = Array(group.makeIterator())
        loops = Dictionary(
            uniqueKeysWithValues: eventLoops.map { eventLoop in
                let loop = GatewayLoop(
                    eventLoop: eventLoop, routes: routes, meters: meters, tls: upstreamTLS, logger: logger)
                return (ObjectIdentifier(eventLoop), .makeBoxSendingValue(loop, eventLoop: eventLoop))
            })
    }

    /// New connections get the new leaf; running ones go on.
    func use(certificates: GatewayCertificates) throws {
        let context = try NIOSSLContext(configuration: certificates.tlsConfiguration())
        tls.withLock { $0 = context }
    }

    /// Serves a sandbox through a listener made in its network namespace, and owns the descriptor from now on. A former
    /// listener of the sandbox is closed; the connections it accepted go on.
    func attach(listener: CInt, sandbox: SandboxName) async throws(NemoClawError) {
        var isListening: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0, isListening == 1 else {
            Glibc.close(listener)
            throw NemoClawError(
                .protocolViolation, "cannot serve sandbox \"\(sandbox)\": its inference descriptor is not a listener")
        }
        let channel: any Channel
        do {
            channel = try await bootstrap(origin: .sandbox(sandbox)).withBoundSocket(listener).get()
        } catch {
            throw NemoClawError(.internalError, "cannot serve sandbox \"\(sandbox)\": \(error)")
        }
        let (former, isShutDown) = state.withLock { state in
            (state.isShutDown ? channel : state.listeners.updateValue(channel, forKey: sandbox), state.isShutDown)
        }
        await Self.close(former)
        if isShutDown { throw NemoClawError(.unavailable, "the gateway is shut down") }
        logger.info("gateway serves sandbox", metadata: ["sandbox.name": "\(sandbox)"])
    }

    /// Closes the sandbox's listener and the connections that came through it.
    func detach(sandbox: SandboxName) async {
        await Self.close(state.withLock { $0.listeners.removeValue(forKey: sandbox) })
        await onEachLoop { $0.cut(sandbox: sandbox) }
    }

    /// Serves host programs, who show a sandbox's key.
    func startHostListener(port: UInt16) async throws(NemoClawError) {
        let channel: any Channel
        do {
            channel = try await bootstrap(origin: .host).bind(host: "127.0.0.1", port: Int(port)).get()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw NemoClawError(
                .portInUse, "cannot start the gateway: port \(port) is in use",
                hint: "See who uses it: ss -ltnp 'sport = :\(port)'")
        } catch {
            throw NemoClawError(.internalError, "cannot start the gateway on port \(port): \(error)")
        }
        let former = state.withLock { state in
            let former = state.isShutDown ? channel : state.hostListener
            if !state.isShutDown { state.hostListener = channel }
            return former
        }
        await Self.close(former)
    }

    /// The host listener's port, once it is there (for a port chosen by the kernel).
    var hostPort: Int? { state.withLock { $0.hostListener?.localAddress?.port } }

    func usage(of sandbox: SandboxName) -> GatewayUsage {
        meters.usage(of: sandbox)
    }

    /// Closes everything: listeners first, then connections, which cuts streams that still run.
    func shutdown() async {
        let channels = state.withLock { state in
            state.isShutDown = true
            let channels = Array(state.listeners.values) + [state.hostListener].compactMap { $0 }
            state.listeners = [:]
            state.hostListener = nil
            return channels
        }
        for channel in channels { await Self.close(channel) }
        await onEachLoop { $0.shutDown() }
    }

    private func onEachLoop(_ body: @escaping @Sendable (GatewayLoop) -> Void) async {
        for eventLoop in eventLoops {
            guard let box = loops[ObjectIdentifier(eventLoop)] else { continue }
            // try?: fails only when the loop is shut down, and then it has no connections.
            try? await eventLoop.submit { body(box.value) }.get()
        }
    }

    private static func close(_ channel: (any Channel)?) async {
        guard let channel else { return }
        // try?: a listener that is closed already is what is wanted.
        try? await channel.close().get()
    }

    private func bootstrap(origin: GatewayConnection.Origin) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.configure(channel, origin: origin) }
            }
    }

    private func configure(_ channel: any Channel, origin: GatewayConnection.Origin) throws {
        guard let loop = loops[ObjectIdentifier(channel.eventLoop)]?.value else {
            throw ChannelError.operationUnsupported
        }
        let context = tls.withLock { $0 }
        let edge = SocketEdge()
        let connection = GatewayConnection(origin: origin, loop: loop, edge: edge)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = GatewayLimits.headBytes
        limits.maxHeaderListSize = GatewayLimits.headBytes
        limits.maxHeaderFieldCount = GatewayLimits.headFields
        var encoder = HTTPResponseEncoder.Configuration()
        encoder.automaticallySetFramingHeaders = false
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(edge)
        try pipeline.addHandler(NIOSSLServerHandler(context: context))
        try pipeline.addHandler(WriteCoalescer { [unowned connection] in connection.bytesArrived() })
        try pipeline.addHandler(HTTPResponseEncoder(configuration: encoder))
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(connection)
    }
}
