import Glibc
import NIOCore
import NIOHTTP1
import Shared
import Synchronization
import Testing

@testable import Supervisor

@Suite("gateway: faults", .timeLimit(.minutes(1)))
struct GatewayFaultTests {
    @Test("a provider that refuses is told apart")
    func refused() async throws {
        try await GatewayFixture.with { fixture in
            try await fixture.upstream.stop()
            let client = try await fixture.client()
            try await client.post("{}")
            let answer = try await client.read(until: "}}")
            #expect(answer.contains(" 502 ") && answer.contains("upstream_refused"))
            #expect(answer.contains(#""type":"api_error""#))
        }
    }

    @Test("a provider that resets before it answers is told apart")
    func reset() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}")
            try await fixture.upstream.nextRequest().reset()
            let answer = try await client.read(until: "}}")
            #expect(answer.contains(" 502 ") && answer.contains("upstream_closed"))
        }
    }

    @Test(
        "a provider that does not speak HTTP is told apart",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}\u{3}", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        ])
    func garbage(_ bytes: String) async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}")
            try await fixture.upstream.nextRequest().send(bytes)
            let answer = try await client.read(until: "}}")
            #expect(answer.contains(" 502 ") && answer.contains("upstream_protocol_error"))
        }
    }

    @Test("a provider that does not answer in time is told apart")
    func slow() async throws {
        try await GatewayFixture.with { fixture in
            try fixture.setRoute(timeouts: RouteTimeouts(firstByteMilliseconds: 100))
            let client = try await fixture.client()
            try await client.post("{}")
            let request = try await fixture.upstream.nextRequest()
            let answer = try await client.read(until: "}}")
            #expect(answer.contains(" 504 ") && answer.contains("upstream_first_byte_timeout"))
            try await request.waitUntilClosed()
        }
    }

    @Test("a stream that stalls is cut off")
    func stall() async throws {
        try await GatewayFixture.with { fixture in
            try fixture.setRoute(timeouts: RouteTimeouts(idleMilliseconds: 300))
            let client = try await fixture.client()
            try await client.post("{}")
            let request = try await fixture.upstream.nextRequest()
            try await request.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
            let (text, isClean) = await client.readToEnd()
            #expect(text.hasSuffix("one\r\n") && !isClean)
            try await request.waitUntilClosed()
        }
    }

    @Test(
        "an answer that the provider cuts off does not look complete",
        arguments: [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\none",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\nNONSENSE\r\n",
        ])
    func cutOff(_ answer: String) async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}")
            let request = try await fixture.upstream.nextRequest()
            try await request.send(answer)
            try? await request.close()  // try?: the gateway may have closed on the nonsense already
            let (text, isClean) = await client.readToEnd()
            #expect(text.contains("one"))
            #expect(!text.contains("0\r\n\r\n"))
            #expect(!isClean)
            #expect(fixture.gateway.usage(of: fixture.sandbox).activeStreams == 0)
        }
    }

    @Test("an answer that ends with its connection is complete")
    func closeDelimited() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}")
            let request = try await fixture.upstream.nextRequest()
            try await request.send("HTTP/1.0 200 OK\r\n\r\nall of it")
            try await request.close()
            #expect(try await client.read(until: "0\r\n\r\n").contains("all of it"))
        }
    }

    @Test("a client that is gone ends the provider's work at once", arguments: [true, false])
    func clientGone(_ halfOnly: Bool) async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}")
            let request = try await fixture.upstream.nextRequest()
            try await request.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
            _ = try await client.read(until: "one")
            if halfOnly { try await client.halfClose() } else { try await client.close() }
            try await request.waitUntilClosed()
            #expect(fixture.gateway.usage(of: fixture.sandbox).activeStreams == 0)
        }
    }

    @Test(
        "a body that is not one JSON object with one model never reaches the provider",
        arguments: ["[]", "", "{\"model\":1,\"model\":2}", "{\"a\":", "not json", "{\"Model\":1}"])
    func badBody(_ body: String) async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post(body)
            let answer = try await client.read(until: "}}")
            #expect(answer.contains(" 400 ") && answer.contains("invalid_request_error"))
            #expect(fixture.upstream.connectionCount.value.load(ordering: .relaxed) == 0)
            try await client.post("{}", path: "/v1/chat/completions")
            try await fixture.upstream.nextRequest().sendJSON("{}")
            _ = try await client.read(until: "{}")
        }
    }

    @Test("a second model behind what was held breaks the upstream request off")
    func lateDuplicate() async throws {
        try await GatewayFixture.with(waitsForBody: false) { fixture in
            let client = try await fixture.client()
            let filler = String(repeating: "x", count: 400_000)
            let body = #"{"model":"a","p":"\#(filler)","#
            try await client.send(
                "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count + 11)\r\n\r\n\(body)")
            let request = try await fixture.upstream.nextRequest()
            try await client.send(#""model":"b"}"#)
            try await request.waitUntilClosed()
            #expect(try await client.read(until: "}}").contains("invalid_body"))
        }
    }

    @Test("a body that is announced too large is refused before it comes")
    func tooLarge() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.send("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{")
            let (text, _) = await client.readToEnd()
            #expect(text.contains(" 413 ") && text.contains("connection: close"))
        }
    }

    @Test(
        "requests that are not HTTP are answered and closed",
        arguments: [
            "GARBAGE\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "POST /v1/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "POST /v1/completions HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "POST /v1/completions HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            "POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        ])
    func garbageRequest(_ text: String) async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.send(text)
            let answer = await client.readToEnd().text
            #expect(answer.contains(" 400 ") && answer.contains("invalid_request"))
        }
    }

    @Test("headers beyond the limit are refused")
    func hugeHeaders() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            let header = "x-a: \(String(repeating: "a", count: 30_000))\r\n"
            try await client.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\(header)\(header)\(header)\r\n")
            #expect(await client.readToEnd().text.contains(" 431 "))
        }
    }

    @Test(
        "garbage on the TLS port is closed and harms nobody",
        arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}"])
    func plainOnTLS(_ text: String) async throws {
        try await GatewayFixture.with { fixture in
            let stranger = try await GatewayTestClient(group: GatewayFixture.group, port: fixture.port, tls: nil)
            try await stranger.send(text)
            if text.hasPrefix("GET") { _ = await stranger.readToEnd() } else { try await stranger.close() }
            let client = try await fixture.client()
            try await client.send("GET /nemoclaw/route HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.read(until: "real-model")
        }
    }

    @Test("a descriptor that is no listener is refused")
    func noListener() async throws {
        try await GatewayFixture.with { fixture in
            let error = await #expect(throws: NemoClawError.self) {
                try await fixture.gateway.attach(listener: CInt(dup(0)), sandbox: fixture.sandbox)
            }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test("a large answer comes whole")
    func largeAnswer() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}")
            let request = try await fixture.upstream.nextRequest()
            let piece = String(repeating: "y", count: 1 << 20)
            async let sent: Void = {
                try await request.send("HTTP/1.1 200 OK\r\ncontent-length: \(32 << 20)\r\n\r\n")
                for _ in 0..<32 { try await request.send(piece) }
            }()
            _ = try await client.read(until: "\r\n\r\n")
            try await client.read(count: 31 << 20)
            try await sent
        }
    }
}
