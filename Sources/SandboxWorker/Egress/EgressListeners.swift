import NIOCore
import NIOHTTP1
import NIOPosix
import Shared

/// Serves the sandbox's listeners for DNS and egress. Descriptors are taken over.
enum EgressListeners {
    static func serve(
        proxy: CInt, http: CInt, https: CInt, dnsUDP: CInt, dnsTCP: CInt, sandbox: SandboxName,
        group: any EventLoopGroup
    ) async throws -> [any Channel] {
        [
            try await stream(group) { try configureDenied($0, sandbox: sandbox) }.withBoundSocket(proxy).get(),
            try await stream(group) { try configureDenied($0, sandbox: sandbox) }.withBoundSocket(http).get(),
            try await stream(group) { try $0.pipeline.syncOperations.addHandler(ClosingHandler()) }
                .withBoundSocket(https).get(),
            try await stream(group) { try $0.pipeline.syncOperations.addHandler(DNSStreamHandler()) }
                .withBoundSocket(dnsTCP).get(),
            try await DatagramBootstrap(group: group)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DNSDatagramHandler())
                    }
                }
                .withBoundSocket(dnsUDP).get(),
        ]
    }

    static func configureDenied(_ channel: any Channel, sandbox: SandboxName) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16_384
        limits.maxHeaderListSize = 32_768
        limits.maxHeaderFieldCount = 128
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            position: .last, withPipeliningAssistance: false, withServerUpgrade: nil, withErrorHandling: true,
            withOutboundHeaderValidation: true, withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits
        )
        try channel.pipeline.syncOperations.addHandler(DeniedHTTPHandler(sandbox: sandbox))
    }

    private static func stream(
        _ group: any EventLoopGroup, _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try configure(channel) } }
    }
}
