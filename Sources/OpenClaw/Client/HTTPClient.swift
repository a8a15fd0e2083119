import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Shared

/// A small HTTP/1.1 client: one exchange a connection, streamed, with a deadline on every wait.
struct HTTPClient: Sendable {
    struct Limits: Sendable {
        /// TCP connect. The endpoint is on this machine.
        var connect: TimeAmount = .seconds(10)
        /// Until the answer's head: a big local model may load first.
        var firstByte: TimeAmount = .seconds(200)
        /// Between pieces of the answer.
        var idle: TimeAmount = .seconds(120)
    }

    typealias Parts = NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

    let group: any EventLoopGroup
    let endpoint: InferenceEndpoint
    /// PEM file of the certificates to trust.
    let trustFile: String
    var limits = Limits()

    static let systemTrustFile = "/etc/ssl/certs/ca-certificates.crt"

    init(group: any EventLoopGroup, endpoint: InferenceEndpoint, environment: [String: String]) {
        self.group = group
        self.endpoint = endpoint
        let named = environment["SSL_CERT_FILE"] ?? ""
        trustFile = named.isEmpty ? Self.systemTrustFile : named
    }

    /// Sends a request; `consume` gets the head and then the body's pieces until it has enough.
    /// - Throws: `HTTPFailure`, or what `consume` throws.
    func exchange<Result: Sendable>(
        _ method: HTTPMethod, _ path: String, json: [UInt8]? = nil,
        consume: (HTTPResponseHead, inout Parts) async throws -> Result
    ) async throws -> Result {
        let channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        do {
            channel = try await connect().cancellableValue()
        } catch let error as CancellationError {
            throw error
        } catch let error as NemoClawError {
            throw error
        } catch {
            throw HTTPFailure.connecting(error)
        }
        return try await channel.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            let head: HTTPResponseHead
            do {
                try await send(method, path, json, to: outbound)
                head = try await Self.head(&parts)
            } catch let error as CancellationError {
                throw error
            } catch {
                throw HTTPFailure.connecting(error)
            }
            return try await consume(head, &parts)
        }
    }

    /// The next piece of a body, nil at its end.
    static func next(_ parts: inout Parts) async throws -> ByteBuffer? {
        while let part = try await parts.next() {
            switch part {
            case .head: continue
            case .body(let buffer): return buffer
            case .end: return nil
            }
        }
        try Task.checkCancellation()
        throw HTTPFailure.closedEarly
    }

    /// The rest of a body. With `truncating`, what is over the limit is left out instead of an error.
    static func rest(_ parts: inout Parts, limit: Int, truncating: Bool = false) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await next(&parts) {
            guard bytes.count + piece.readableBytes <= limit else {
                if truncating { return bytes + piece.readableBytesView.prefix(limit - bytes.count) }
                throw HTTPFailure.tooLong(limit: limit)
            }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        return bytes
    }

    private static func head(_ parts: inout Parts) async throws -> HTTPResponseHead {
        while let part = try await parts.next() {
            if case .head(let head) = part, head.status.code >= 200 { return head }
        }
        try Task.checkCancellation()
        throw HTTPFailure.closedEarly
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ json: [UInt8]?,
        to outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        var headers = HTTPHeaders([
            ("host", endpoint.authority), ("user-agent", "openclaw/\(ProductVersion.string)"), ("connection", "close"),
            ("accept", json == nil ? "application/json" : "text/event-stream, application/json"),
        ])
        if let json {
            headers.add(name: "content-type", value: "application/json")
            headers.add(name: "content-length", value: String(json.count))
        }
        try await outbound.write(.head(HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)))
        if let json { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: json)))) }
        try await outbound.write(.end(nil))
    }

    private func connect() throws -> EventLoopFuture<NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>> {
        let context = endpoint.usesTLS ? try TrustedContext.make(trustFile: trustFile) : nil
        let (host, limits) = (endpoint.host, limits)
        return ClientBootstrap(group: group)
            .connectTimeout(limits.connect)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(try NIOSSLClientHandler(context: context, serverHostname: host))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(SilenceDeadlineHandler(first: limits.firstByte, idle: limits.idle))
                }
            }
            .connect(host: host, port: endpoint.port)
            .flatMapThrowing { try NIOAsyncChannel(wrappingChannelSynchronously: $0) }
    }
}
