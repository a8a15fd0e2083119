import NIOCore
import NIOPosix
import NIOSSL

/// A client that writes and reads plain text through TLS, to see every byte of the framing.
final class GatewayTestClient: Sendable {
    enum Event: Sendable {
        case bytes(String)
        /// `isClean`: TLS said that it ends.
        case end(isClean: Bool)
    }

    private let channel: any Channel
    private let events: AsyncStream<Event>

    init(group: any EventLoopGroup, port: Int, tls: NIOSSLContext?) async throws {
        let (stream, continuation) = AsyncStream<Event>.makeStream()
        events = stream
        channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: "inference.local"))
                    }
                    try pipeline.addHandler(Collector { continuation.yield($0) })
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    func post(_ body: String, path: String = "/v1/chat/completions", headers: String = "") async throws {
        try await send(
            "POST \(path) HTTP/1.1\r\nHost: inference.local\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }

    /// Everything that came, up to and including `marker`; what follows in the same read is part of it.
    func read(until marker: String) async throws -> String {
        var text = ""
        for await event in events {
            guard case .bytes(let more) = event else { break }
            text += more
            if text.contains(marker) { return text }
        }
        throw Ended(before: marker, text: text)
    }

    /// Waits for that many bytes, whatever they are.
    func read(count: Int) async throws {
        var seen = 0
        for await event in events {
            guard case .bytes(let more) = event else { break }
            seen += more.utf8.count
            if seen >= count { return }
        }
        throw Ended(before: "\(count) bytes", text: "\(seen) bytes")
    }

    func readToEnd() async -> (text: String, isClean: Bool) {
        var text = ""
        for await event in events {
            switch event {
            case .bytes(let more): text += more
            case .end(let isClean): return (text, isClean)
            }
        }
        return (text, false)
    }

    func halfClose() async throws { try await channel.close(mode: .output).get() }
    func close() async throws { try await channel.close().get() }

    struct Ended: Error {
        let before: String
        let text: String
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let report: (Event) -> Void
        private var isClean = true

        init(report: @escaping (Event) -> Void) { self.report = report }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            report(.bytes(String(buffer: unwrapInboundIn(data))))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { isClean = false }

        func channelInactive(context: ChannelHandlerContext) { report(.end(isClean: isClean)) }
    }
}
