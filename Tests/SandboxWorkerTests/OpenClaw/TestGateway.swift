import Glibc
import Logging
import NIOCore
import NIOPosix
import Shared
import Synchronization

@testable import SandboxWorker

/// Answers what the test put in; records what it was asked.
final class FakeSupervisor: SupervisorAsking {
    private let answers = Mutex<[String: [JSONValue]]>([:])
    private let questions = Mutex<[(String, JSONValue)]>([])

    func put(_ method: String, _ answer: JSONValue) { answers.withLock { $0[method, default: []].append(answer) } }
    func asked(_ method: String) -> [JSONValue] { questions.withLock { $0.filter { $0.0 == method }.map(\.1) } }

    func ask(_ method: String, _ params: JSONValue, milliseconds: Int64) async throws(NemoClawError) -> JSONValue {
        questions.withLock { $0.append((method, params)) }
        let answer = answers.withLock { answers -> JSONValue? in
            guard let list = answers[method], !list.isEmpty else { return nil }
            return list.count == 1 ? list[0] : answers[method]?.removeFirst()
        }
        guard let answer else { throw NemoClawError(.unavailable, "nobody is there") }
        return answer
    }

    func tell(_ method: String, _ params: JSONValue) async {}
}

/// A gateway on real loopback sockets, one a provenance.
struct TestGateway {
    let gateway: Gateway
    let supervisor = FakeSupervisor()
    let hostPort: UInt16
    let sandboxPort: UInt16
    private let channels: [any Channel]

    static func with(
        home: HomeFolder, script: String = "exit 1", holdMilliseconds: Int = 10_000,
        _ body: (TestGateway) async throws -> Void
    ) async throws {
        let test = try await TestGateway(home: home, script: script, holdMilliseconds: holdMilliseconds)
        do {
            try await body(test)
        } catch {
            await test.end()
            throw error
        }
        await test.end()
    }

    private init(home: HomeFolder, script: String, holdMilliseconds: Int) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let clock = WallClock(now: { Vector.signedAt })
        let logger = Logger(label: "test")
        let runs = RunRegistry(
            eventLoop: loop, starter: LocalStarter(script: script), environment: [], clock: clock, logger: logger)
        gateway = Gateway(
            eventLoop: loop,
            identity: GatewayIdentity(
                sandbox: try SandboxName("alpha"),
                tokens: SharedTokens(gateway: Secret("tok-123"), sandbox: Secret("inner")), port: 1, startedAtMs: 0),
            configuration: WorkerConfiguration(
                provider: "ollama-local", providerLabel: "Local Ollama", model: "m1", holdMilliseconds: holdMilliseconds
            ),
            supervisor: supervisor, runs: runs, sessions: SessionStore(home: home), clock: clock, logger: logger)
        let (host, hostPort) = try Self.listener()
        let (sandbox, sandboxPort) = try Self.listener()
        self.hostPort = hostPort
        self.sandboxPort = sandboxPort
        channels = [
            try await GatewayListener.serve(descriptor: host, provenance: .host, gateway: gateway, group: loop),
            try await GatewayListener.serve(descriptor: sandbox, provenance: .sandbox, gateway: gateway, group: loop),
        ]
        await gateway.start()
    }

    private func end() async {
        await gateway.stop(reason: "test", restartExpectedMs: nil)
        await gateway.runs.abortAll()
        for channel in channels { try? await channel.close() }
    }

    static func listener() throws -> (CInt, UInt16) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                guard bind(descriptor, $0, size) == 0, listen(descriptor, 64) == 0,
                    getsockname(descriptor, $0, &size) == 0
                else { throw TestClient.Closed() }
            }
            return (descriptor, UInt16(bigEndian: pointer.pointee.sin_port))
        }
    }

    /// A client without a device that said hello with `scopes`.
    func client(
        scopes: [JSONValue] = ["operator.admin"], version: Int64 = 4, sandbox: Bool = false
    ) async throws -> TestClient {
        let client = try TestClient(port: sandbox ? sandboxPort : hostPort)
        _ = try await client.upgrade()
        _ = try await client.receive()
        try client.request(
            "c", "connect", Vector.params(signature: nil, scopes: scopes, minProtocol: version, maxProtocol: version))
        _ = try await client.answer("c")
        return client
    }
}
