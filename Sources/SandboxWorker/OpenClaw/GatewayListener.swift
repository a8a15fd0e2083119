import NIOCore
import NIOHTTP1
import NIOPosix
import Shared

/// Serves the gateway on a listening socket that somebody else opened.
enum GatewayListener {
    /// Takes `descriptor` over.
    static func serve(
        descriptor: CInt, provenance: Provenance, gateway: Gateway, group: any EventLoopGroup
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: true)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 65_536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel, provenance: provenance, gateway: gateway)
                }
            }
            .withBoundSocket(descriptor).get()
    }

    static func configure(_ channel: any Channel, provenance: Provenance, gateway: Gateway) throws {
        let pages = GatewayHTTPHandler(gateway: gateway, provenance: provenance)
        let bound = NIOLoopBound(pages, eventLoop: channel.eventLoop)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = GatewayLimits.headerListBytes
        limits.maxHeaderListSize = GatewayLimits.headerListBytes
        limits.maxHeaderFieldCount = 128
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            position: .last, withPipeliningAssistance: true,
            withServerUpgrade: (
                upgraders: [GatewayUpgrader(gateway: gateway, provenance: provenance)],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
                }
            ),
            withErrorHandling: true, withOutboundHeaderValidation: true,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try channel.pipeline.syncOperations.addHandler(pages)
    }
}
