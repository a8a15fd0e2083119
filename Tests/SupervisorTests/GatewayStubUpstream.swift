import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A provider whose every byte the test decides.
final class GatewayStubUpstream: Sendable {
    /// One request as it came over the wire, and the connection to answer it on.
    struct Request: Sendable {
        let head: HTTPRequestHead
        let body: String
        let connection: Int
        let channel: any Channel

        func send(_ text: String) async throws {
            try await channel.writeAndFlush(ByteBuffer(string: text)).get()
        }

        func sendJSON(_ text: String, status: String = "200 OK", headers: String = "") async throws {
            try await send(
                "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\n\(headers)content-length: \(text.utf8.count)\r\n\r\n\(text)"
            )
        }

        func close() async throws { try await channel.close().get() }

        /// Resets the connection, as a crashed server's kernel does.
        func reset() async throws {
            guard let provider = channel as? any SocketOptionProvider else { throw ChannelError.operationUnsupported }
            try await provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try await channel.close().get()
        }

        func waitUntilClosed() async throws { try await channel.closeFuture.get() }
    }

    private let listener: any Channel
    private let requests: AsyncStream<Request>
    let connectionCount: Counter

    final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    var port: Int { listener.localAddress?.port ?? 0 }

    /// - Parameter waitsForBody: false reports a request at its head.
    init(group: any EventLoopGroup, tls: NIOSSLContext? = nil, waitsForBody: Bool = true) async throws {
        let (stream, continuation) = AsyncStream<Request>.makeStream()
        let counter = Counter()
        requests = stream
        connectionCount = counter
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = counter.value.add(1, ordering: .relaxed).newValue
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(
                        Recorder(number: number, waitsForBody: waitsForBody) { continuation.yield($0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func nextRequest() async throws -> Request {
        for await request in requests { return request }
        throw ChannelError.eof
    }

    func stop() async throws { try await listener.close().get() }

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart

        private let number: Int
        private let waitsForBody: Bool
        private let report: (Request) -> Void
        private var head: HTTPRequestHead?
        private var body = ""

        init(number: Int, waitsForBody: Bool, report: @escaping (Request) -> Void) {
            self.number = number
            self.waitsForBody = waitsForBody
            self.report = report
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ""
                if !waitsForBody { report(Request(head: head, body: "", connection: number, channel: context.channel)) }
            case .body(let buffer): body += String(buffer: buffer)
            case .end:
                guard waitsForBody, let head else { return }
                report(Request(head: head, body: body, connection: number, channel: context.channel))
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
