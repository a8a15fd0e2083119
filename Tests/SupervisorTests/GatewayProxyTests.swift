import Crypto
import NIOCore
import NIOHTTP1
import Shared
import Synchronization
import Testing

@testable import Supervisor

@Suite("gateway: proxy", .timeLimit(.minutes(1)))
struct GatewayProxyTests {
    @Test("credentials are stripped and injected, the model is spliced, the length is exact")
    func forwards() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post(
                #"{"model":"wanted","messages":[{"model":"inner"}]}"#, path: "/v1/chat/completions?x=1&y=%20",
                headers: "Authorization: Bearer client-secret\r\nX-Api-Key: client-secret\r\nCookie: client-secret\r\n"
                    + "api-key: client-secret\r\nx-goog-api-key: client-secret\r\nProxy-Authorization: client-secret\r\n"
                    + "Connection: x-private, keep-alive\r\nX-Private: hop\r\nX-Kept: yes\r\n")
            let request = try await fixture.upstream.nextRequest()
            #expect(request.head.uri == "/v1/chat/completions?x=1&y=%20")
            #expect(request.body == #"{"model":"real-model","messages":[{"model":"inner"}]}"#)
            #expect(request.head.headers["authorization"] == ["Bearer \(GatewayFixture.credential)"])
            #expect(request.head.headers["content-length"] == ["\(request.body.utf8.count)"])
            #expect(request.head.headers["host"] == ["127.0.0.1:\(fixture.upstream.port)"])
            #expect(request.head.headers["x-kept"] == ["yes"])
            #expect(!"\(request.head)".contains("client-secret"))
            #expect(!request.head.headers.contains(name: "x-private"))
            #expect(!request.head.headers.contains(name: "transfer-encoding"))
            try await request.sendJSON(
                #"{"ok":true,"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
                headers: "set-cookie: a=b\r\nx-nemoclaw-model: forged\r\nkeep-alive: timeout=5\r\nx-up: 1\r\n")
            let answer = try await client.read(until: "4}}").lowercased()
            #expect(answer.hasPrefix("http/1.1 200 ok\r\n"))
            #expect(answer.contains("x-nemoclaw-request-id: req_"))
            #expect(answer.contains("x-nemoclaw-route: openai-api\r\n"))
            #expect(answer.contains("x-nemoclaw-model: real-model\r\n"))
            #expect(answer.contains("x-up: 1\r\n"))
            #expect(!answer.contains("set-cookie"))
            #expect(!answer.contains("forged"))
            #expect(!answer.contains("keep-alive"))
            let usage = fixture.gateway.usage(of: fixture.sandbox)
            #expect(
                usage == GatewayUsage(requests: 1, inputTokens: 3, outputTokens: 4, activeStreams: 0, connections: 1))
        }
    }

    @Test("a stream passes chunk by chunk: the provider sends the next only when the client has the former")
    func streams() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post(#"{"stream":true}"#, path: "/v1/chat/completions")
            let request = try await fixture.upstream.nextRequest()
            #expect(request.body == #"{"stream":true,"model":"real-model"}"#)
            try await request.send(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            _ = try await client.read(until: "\r\n\r\n")
            #expect(fixture.gateway.usage(of: fixture.sandbox).activeStreams == 1)
            for number in 0..<20 {
                let event = "data: {\"n\":\(number)}\n\n"
                try await request.send("\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n")
                _ = try await client.read(until: event)
            }
            let last = "data: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":20}}\n\n"
            try await request.send("\(String(last.utf8.count, radix: 16))\r\n\(last)\r\n0\r\n\r\n")
            _ = try await client.read(until: "0\r\n\r\n")
            #expect(fixture.gateway.usage(of: fixture.sandbox).outputTokens == 20)
        }
    }

    @Test("another route leaves a running stream alone and takes the next request")
    func routeSwap() async throws {
        try await GatewayFixture.with { fixture in
            let second = try await GatewayStubUpstream(group: GatewayFixture.group)
            let client = try await fixture.client()
            try await client.post(#"{"model":"a"}"#)
            let request = try await fixture.upstream.nextRequest()
            try await request.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
            _ = try await client.read(until: "one")
            try fixture.setRoute("vllm", model: "other", port: second.port, credential: nil)
            try await request.send("3\r\ntwo\r\n0\r\n\r\n")
            _ = try await client.read(until: "two\r\n0\r\n\r\n")
            try await client.post(#"{"model":"a"}"#)
            let next = try await second.nextRequest()
            #expect(next.body == #"{"model":"other"}"#)
            #expect(!next.head.headers.contains(name: "authorization"))
            try await next.sendJSON("{}")
            #expect(try await client.read(until: "{}").contains("x-nemoclaw-route: vllm-local"))
        }
    }

    @Test("connections to the provider are reused")
    func pools() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            for number in 0..<5 {
                try await client.post(#"{"n":\#(number)}"#)
                let request = try await fixture.upstream.nextRequest()
                #expect(request.connection == 1)
                try await request.sendJSON("{\"answer\":\(number)}")
                _ = try await client.read(until: "\"answer\":\(number)")
            }
        }
    }

    @Test("a request on a pooled connection that the provider closed is repeated once on a new one")
    func retries() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post(#"{"n":1}"#)
            try await fixture.upstream.nextRequest().sendJSON("{\"a\":1}")
            _ = try await client.read(until: "{\"a\":1}")
            try await client.post(#"{"n":2}"#)
            let doomed = try await fixture.upstream.nextRequest()
            #expect(doomed.connection == 1)
            try await doomed.close()
            let again = try await fixture.upstream.nextRequest()
            #expect(again.connection == 2)
            #expect(again.body == doomed.body)
            try await again.close()
            #expect(try await client.read(until: "upstream_closed").contains(" 502 Bad Gateway"))
            #expect(fixture.upstream.connectionCount.value.load(ordering: .relaxed) == 2)
        }
    }

    @Test("paths and methods that are not served are answered in the SDK's shape")
    func wrongPath() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}", path: "/v1/audio/speech")
            let openAI = try await client.read(until: "}}")
            #expect(openAI.contains(" 404 ") && openAI.contains(#""code":"path_not_served""#))
            #expect(openAI.contains(#"provider \"openai-api\" does not serve POST /v1/audio/speech"#))
            try await client.post("{}", path: "/v1/messages")
            let anthropic = try await client.read(until: "}")
            #expect(anthropic.contains(#""type":"error""#) && anthropic.contains(#""type":"not_found_error""#))
            #expect(anthropic.contains(#""request_id":"req_"#))
            try await client.send("DELETE /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n")
            let method = try await client.read(until: "}}")
            #expect(method.contains(" 405 ") && method.contains("allow: POST"))
            try await client.send("GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.read(until: "}}").contains("unknown_path"))
        }
    }

    @Test("the Anthropic path drops the base URL's version and gets no key from a keyless provider")
    func anthropic() async throws {
        try await GatewayFixture.with { fixture in
            try fixture.setRoute("llamacpp", path: "/x/v1", credential: nil)
            let client = try await fixture.client()
            try await client.post("{}", path: "/v1/messages/count_tokens?beta=true", headers: "x-api-key: mine\r\n")
            let request = try await fixture.upstream.nextRequest()
            #expect(request.head.uri == "/x/v1/messages/count_tokens?beta=true")
            #expect(!request.head.headers.contains(name: "x-api-key"))
            #expect(!request.head.headers.contains(name: "authorization"))
            try await request.sendJSON(#"{"input_tokens":9}"#)
            _ = try await client.read(until: "9}")
        }
    }

    @Test("the base URL's prefix is kept for models, HEAD has no body")
    func models() async throws {
        try await GatewayFixture.with { fixture in
            try fixture.setRoute("gemini", path: "/v1beta/openai")
            let client = try await fixture.client()
            try await client.send("HEAD /v1/models/a%2Fb HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try await fixture.upstream.nextRequest()
            #expect(head.head.uri == "/v1beta/openai/models/a%2Fb")
            try await head.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
            let answer = try await client.read(until: "\r\n\r\n")
            #expect(answer.contains("content-length: 5"))
            try await client.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            let list = try await fixture.upstream.nextRequest()
            #expect(list.head.method == .GET)
            try await list.sendJSON(#"{"data":[]}"#)
            #expect(try await client.read(until: #"{"data":[]}"#).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("the route tells itself")
    func route() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.send("GET /nemoclaw/route HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try await client.read(until: "}")
            #expect(
                answer.hasSuffix(
                    #"{"endpoint":"Managed Inference Route (inference.local)","model":"real-model","#
                        + #""provider":"openai-api","providerLabel":"OpenAI"}"#))
        }
    }

    @Test("without a route the answer says so")
    func noRoute() async throws {
        try await GatewayFixture.with { fixture in
            fixture.routes.replace(RouteSnapshot())
            let client = try await fixture.client()
            try await client.post("{}")
            let answer = try await client.read(until: "}}")
            #expect(answer.contains(" 503 ") && answer.contains(#"sandbox \"alpha\" has no inference route"#))
        }
    }

    @Test("pipelined requests are answered in order")
    func pipelining() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            let one = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n"
            try await client.send(
                one + #"{"n":1}"# + one + #"{"n":2}"# + "GET /nemoclaw/route HTTP/1.1\r\nHost: x\r\n\r\n" + one
                    + #"{"n":3}"#)
            var text = ""
            for number in 1...3 {
                let request = try await fixture.upstream.nextRequest()
                #expect(request.body == "{\"n\":\(number),\"model\":\"real-model\"}")
                try await request.sendJSON("{\"answer\":\(number)}")
                text += try await client.read(until: "\"answer\":\(number)}")
            }
            let order = ["\"answer\":1", "\"answer\":2", "providerLabel", "\"answer\":3"]
                .map { text.firstRange(of: $0)?.lowerBound }
            #expect(order.allSatisfy { $0 != nil })
            #expect(order.compactMap { $0 } == order.compactMap { $0 }.sorted())
        }
    }

    @Test("100-continue is granted when the request will be taken, chunked uploads get a length")
    func chunkedUpload() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.send(
                "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
            _ = try await client.read(until: "HTTP/1.1 100 Continue\r\n\r\n")
            for piece in ["{\"mo", "del\":\"a\",\"input", "\":\"x\"}"] {
                try await client.send("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n")
            }
            try await client.send("0\r\nx-trailer: dropped\r\n\r\n")
            let request = try await fixture.upstream.nextRequest()
            #expect(request.body == #"{"model":"real-model","input":"x"}"#)
            #expect(request.head.headers["content-length"] == ["\(request.body.utf8.count)"])
            #expect(!request.head.headers.contains(name: "expect"))
            try await request.sendJSON("{}")
            _ = try await client.read(until: "{}")
        }
    }

    @Test(
        "a body larger than what is held streams on, with an exact length when the model came early",
        arguments: [true, false])
    func largeBody(_ modelFirst: Bool) async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            let filler = String(repeating: "x", count: 3 << 20)
            let body = modelFirst ? #"{"model":"m","p":"\#(filler)"}"# : #"{"p":"\#(filler)","model":"m"}"#
            try await client.post(body)
            let request = try await fixture.upstream.nextRequest()
            #expect(request.body == body.replacing(#""model":"m""#, with: #""model":"real-model""#))
            #expect(request.head.headers.contains(name: "content-length") == modelFirst)
            try await request.sendJSON("{}")
            _ = try await client.read(until: "{}")
        }
    }

    @Test("the host listener wants a sandbox's key, health does not")
    func hostListener() async throws {
        try await GatewayFixture.with { fixture in
            try fixture.setRoute(keys: [Array(SHA256.hash(data: Array("key-of-alpha".utf8))): fixture.sandbox])
            try await fixture.gateway.startHostListener(port: 0)
            let client = try await fixture.client(port: fixture.gateway.hostPort)
            try await client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.read(until: "}").contains(" 200 OK"))
            try await client.post("{}", headers: "Authorization: Bearer wrong\r\n")
            let refusal = try await client.read(until: "}}")
            #expect(refusal.contains(" 401 ") && refusal.contains("invalid_api_key"))
            for header in ["Authorization: Bearer key-of-alpha", "x-api-key: key-of-alpha"] {
                try await client.post("{}", headers: "\(header)\r\n")
                let request = try await fixture.upstream.nextRequest()
                #expect(request.head.headers["authorization"] == ["Bearer \(GatewayFixture.credential)"])
                #expect(!"\(request.head)".contains("key-of-alpha"))
                try await request.sendJSON("{}")
                _ = try await client.read(until: "{}")
            }
        }
    }

    @Test("a new listener of a sandbox leaves streams of the old one alone; detaching ends them")
    func reattach() async throws {
        try await GatewayFixture.with { fixture in
            let client = try await fixture.client()
            try await client.post("{}")
            let request = try await fixture.upstream.nextRequest()
            try await request.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
            _ = try await client.read(until: "one")
            let (descriptor, port) = try GatewayFixture.listener()
            try await fixture.gateway.attach(listener: descriptor, sandbox: fixture.sandbox)
            try await request.send("3\r\ntwo\r\n")
            _ = try await client.read(until: "two")
            let second = try await fixture.client(port: port)
            try await second.send("GET /nemoclaw/route HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await second.read(until: "real-model")
            await #expect(throws: (any Error).self) { try await fixture.client() }
            await fixture.gateway.detach(sandbox: fixture.sandbox)
            try await request.waitUntilClosed()
            #expect(await client.readToEnd().isClean == false)
        }
    }
}
