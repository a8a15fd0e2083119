import NIOCore
import NIOPosix

/// A TCP server on loopback with one handler a connection, closed when the test's scope ends.
enum StubServer {
    static func with<Result: Sendable>(
        _ handler: @escaping @Sendable (_ connection: Int) -> any ChannelHandler & Sendable,
        _ body: (_ port: Int, _ group: MultiThreadedEventLoopGroup) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let counter = Counter()
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { $0.pipeline.addHandler(handler(counter.next())) }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(server.localAddress?.port ?? 0, group))
        } catch {
            result = .failure(error)
        }
        try await server.close()
        try await group.shutdownGracefully()
        return try result.get()
    }
}
