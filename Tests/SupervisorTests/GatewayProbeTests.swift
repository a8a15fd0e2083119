import NIOCore
import NIOHTTP1
import Shared
import Testing

@testable import Supervisor

@Suite("gateway: provider probe", .timeLimit(.minutes(1)))
struct GatewayProbeTests {
    static func probe(answer: String, model: String = "m") async throws -> ProbeOutcome {
        let upstream = try await GatewayStubUpstream(group: GatewayFixture.group)
        async let outcome = ProviderProbe.probe(
            route: try route(upstream.port, model: model), deadlineMilliseconds: 20_000, group: GatewayFixture.group)
        let request = try await upstream.nextRequest()
        #expect(request.head.uri == "/v1/models")
        #expect(request.head.headers["authorization"] == ["Bearer k"])
        try await request.send(answer)
        try? await request.close()  // try?: the probe may have closed already
        return try await outcome
    }

    static func route(_ port: Int, model: String = "m", scheme: String = "http", host: String = "127.0.0.1") throws
        -> Route
    {
        Route(
            provider: try Provider.named("vllm"), baseURL: try UpstreamURL("\(scheme)://\(host):\(port)/v1"),
            model: model,
            credential: Secret("k"))
    }

    static func json(_ text: String, _ status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\ncontent-length: \(text.utf8.count)\r\n\r\n\(text)"
    }

    @Test("answers are told apart")
    func outcomes() async throws {
        let list = #"{"data":[{"id":"a"},{"id":"m"}]}"#
        #expect(try await Self.probe(answer: Self.json(list)) == .healthy(modelKnown: true))
        #expect(try await Self.probe(answer: Self.json(list), model: "zz") == .healthy(modelKnown: false))
        #expect(try await Self.probe(answer: Self.json(#"{"data":[{"id":"m:latest"}]}"#)) == .healthy(modelKnown: true))
        #expect(try await Self.probe(answer: Self.json("{}")) == .healthy(modelKnown: nil))
        #expect(try await Self.probe(answer: Self.json("", "401 Unauthorized")) == .unauthorized)
        #expect(try await Self.probe(answer: Self.json("", "404 Not Found")) == .reachable(status: 404))
        #expect(try await Self.probe(answer: Self.json("", "503 x")) == .unhealthy(status: 503))
        for wrong in [Self.json("<html>"), "SSH-2.0-x\r\n", "", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
            guard case .wrongProtocol = try await Self.probe(answer: wrong) else {
                Issue.record("\(wrong) was not told apart")
                continue
            }
        }
    }

    @Test("no listener, no name, no TLS and no answer are told apart")
    func unreachable() async throws {
        let group = GatewayFixture.group
        let upstream = try await GatewayStubUpstream(group: group)
        #expect(
            await ProviderProbe.probe(route: try Self.route(upstream.port), deadlineMilliseconds: 200, group: group)
                == .timedOut)
        guard
            case .wrongProtocol = await ProviderProbe.probe(
                route: try Self.route(upstream.port, scheme: "https"), deadlineMilliseconds: 20_000, group: group)
        else {
            Issue.record("TLS to a plain port was not told apart")
            return
        }
        let freed = upstream.port
        try await upstream.stop()
        #expect(
            await ProviderProbe.probe(route: try Self.route(freed), deadlineMilliseconds: 20_000, group: group)
                == .refused)
        #expect(
            await ProviderProbe.probe(
                route: try Self.route(80, host: "no-such-host.invalid"), deadlineMilliseconds: 20_000, group: group)
                == .nameUnknown)
    }
}
