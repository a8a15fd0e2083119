import NIOHTTP1
import Shared
import Testing

@testable import Supervisor

@Suite("gateway: values")
struct GatewayValueTests {
    @Test(
        "token counts are read from answers however they are cut",
        arguments: [
            (#"{"usage":{"prompt_tokens":12,"completion_tokens":345,"total_tokens":357}}"#, 12, 345),
            (
                #"{"usage":{"prompt_tokens": 12, "completion_tokens" : 3,"prompt_tokens_details":{"cached_tokens":9}}}"#,
                12, 3
            ),
            (
                #"data: {"usage":null}\n\ndata: {"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]"#,
                1, 2
            ),
            (#"{"usage":{"input_tokens":7,"output_tokens":1}} … {"usage":{"output_tokens":99}}"#, 7, 99),
            (#"{"content":"\"prompt_tokens\":500","usage":{"prompt_tokens":5,"completion_tokens":6}}"#, 5, 6),
            (#"{"usage":{"prompt_tokens":null,"completion_tokens":"x"}}"#, 0, 0),
            ("", 0, 0),
        ])
    func usage(_ text: String, _ input: Int64, _ output: Int64) {
        let bytes = Array(text.utf8)
        for size in [1, 2, 3, 7, 20, 63, 64, 65, 1000] {
            var scanner = UsageScanner()
            var rest = bytes[...]
            while !rest.isEmpty {
                rest.prefix(size).withUnsafeBytes { scanner.feed($0) }
                rest = rest.dropFirst(size)
            }
            #expect(scanner.inputTokens == input, "pieces of \(size)")
            #expect(scanner.outputTokens == output, "pieces of \(size)")
        }
    }

    @Test(
        "base URLs",
        arguments: [
            ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1", ""),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1", ""),
            ("HTTPS://API.example.com:443", "https://api.example.com", ""),
            ("http://[::1]:8000/a/v1", "http://[::1]:8000/a/v1", "/a"),
            ("https://x.example/v1beta/openai", "https://x.example/v1beta/openai", "/v1beta/openai"),
        ])
    func baseURL(_ text: String, _ canonical: String, _ withoutVersion: String) throws {
        let url = try UpstreamURL(text)
        #expect(url.description == canonical)
        #expect(url.prefixWithoutVersion == withoutVersion)
    }

    @Test(
        "base URLs that are refused",
        arguments: [
            "", "127.0.0.1:8000", "ftp://x/", "http://", "http:///v1", "http://user:pw@host/v1", "http://h/v1?key=1",
            "http://h/v1#x", "http://h:0/", "http://h:65536/", "http://h:+80/", "http://h:/", "http://h/a/../b",
            "http://h /", "http://h\r\nx: y/", "http://[::1/", "http://h//v1", "http://exa\u{6d}ple\u{301}.com/",
        ])
    func badBaseURL(_ text: String) {
        let error = #expect(throws: NemoClawError.self) { try UpstreamURL(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("pw") == false)
    }

    @Test(
        "endpoints",
        arguments: [
            (HTTPMethod.POST, "/v1/chat/completions", GatewayEndpoint.inference(.openAI)),
            (.POST, "/v1/messages/count_tokens", .inference(.anthropic)), (.GET, "/v1/models", .models),
            (.HEAD, "/v1/models/meta/llama-3.1%2F8b", .models), (.GET, "/nemoclaw/route", .route),
            (.GET, "/v1/chat/completions", .methodNotAllowed(allow: "POST")), (.POST, "/v1/audio/speech", .unknown),
            (.GET, "/v1/models/../files", .unknown), (.GET, "/v1/models/%2e%2E/files", .unknown),
            (.GET, "/v1/models/a%2f..%2fb", .unknown), (.GET, "/v1/models/%252e%252e/x", .unknown),
            (.GET, "/v1/models/", .unknown), (.GET, "/v1/models/a//b", .unknown), (.GET, "/v1/models/..\\x", .unknown),
            (.GET, "/v1/models/%0d%0ax", .unknown), (.POST, "http://evil/v1/chat/completions", .unknown),
            (.POST, "/V1/chat/completions", .unknown), (.OPTIONS, "*", .unknown),
        ])
    func endpoints(_ method: HTTPMethod, _ path: String, _ endpoint: GatewayEndpoint) {
        #expect(GatewayEndpoint(method: method, path: path[...]) == endpoint)
    }

    @Test(
        "credentials and hop-by-hop headers do not pass",
        arguments: [
            "Authorization", "X-API-Key", "api-key", "Cookie", "Proxy-Authorization", "proxy-connection",
            "X-Goog-Api-Key",
            "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "Content-Length",
            "Expect",
            "X-NemoClaw-Route", "Accept-Encoding", "X-Forwarded-For", "Forwarded",
        ])
    func droppedHeaders(_ name: String) {
        #expect(!HeaderRules.requestHeaderPasses(name))
        #expect(!HeaderRules.requestHeaderPasses(name.lowercased()))
    }

    @Test(
        "other headers pass",
        arguments: ["Content-Type", "accept", "x-stainless-os", "user-agent", "anthropic-version"])
    func keptHeaders(_ name: String) {
        #expect(HeaderRules.requestHeaderPasses(name))
    }

    @Test("a model's name is written as JSON")
    func modelName() throws {
        let base = try UpstreamURL("http://127.0.0.1:1/v1")
        let route = Route(provider: try Provider.named("ollama"), baseURL: base, model: "a\"b\\c\nü")
        let prepared = PreparedRoute(route)
        #expect(String(decoding: prepared.modelJSON, as: UTF8.self) == #""a\"b\\c\u000aü""#)
        #expect(prepared.modelHeader.isEmpty)
    }

    @Test("a key that would break a header is not sent")
    func brokenKey() throws {
        let base = try UpstreamURL("http://127.0.0.1:1/v1")
        let route = Route(
            provider: try Provider.named("openai"), baseURL: base, model: "m", credential: Secret("a\r\nx: y"))
        #expect(PreparedRoute(route).bearer == nil)
    }
}
