import Shared
import Testing

@testable import OpenClaw

@Suite("Where to connect")
struct GatewayTargetTests {
    @Test("the variable wins over the configuration's port")
    func sources() throws {
        let local = try GatewayTarget.resolve(environment: [:], port: 18790)
        #expect(local.url == "ws://127.0.0.1:18790")
        #expect(local.source == "local loopback")
        let named = try GatewayTarget.resolve(
            environment: ["OPENCLAW_GATEWAY_URL": "ws://127.0.0.1:18799"], port: 18790)
        #expect(named.url == "ws://127.0.0.1:18799")
        #expect(named.source == "env OPENCLAW_GATEWAY_URL")
        #expect(try GatewayTarget("ws://[::1]:5").authority == "[::1]:5")
    }

    @Test(
        "a token never goes over a network in the clear",
        arguments: [
            "ws://example.com", "ws://10.0.0.1:18789", "ws://127.0.0.1.example.com", "ws://127.1", "http://127.0.0.1",
        ])
    func plaintext(address: String) {
        #expect(throws: NemoClawError.self) { try GatewayTarget(address) }
    }

    @Test("inference is TLS, or plain to loopback only")
    func inference() throws {
        let standard = try InferenceEndpoint(environment: [:])
        #expect(standard.authority == "inference.local")
        #expect(standard.chatCompletions == "/v1/chat/completions")
        #expect(standard.usesTLS)
        #expect(try InferenceEndpoint(environment: ["NEMOCLAW_INFERENCE_URL": "http://127.0.0.1:9/v1/"]).port == 9)
        for text in ["http://inference.local/v1", "ftp://127.0.0.1", "https://u@x/v1", "nonsense"] {
            #expect(throws: NemoClawError.self) { try InferenceEndpoint(environment: ["NEMOCLAW_INFERENCE_URL": text]) }
        }
    }

    @Test("openclaw.json may be JSON5 and holds the token")
    func configuration() throws {
        let file: JSONValue = ["gateway": ["port": 18791, "auth": ["token": "t"]]]
        let configuration = OpenClawConfiguration(file)
        #expect(configuration.port == 18791)
        #expect(configuration.token?.reveal() == "t")
        #expect(!"\(configuration)".contains("\"t\""))
        #expect(OpenClawConfiguration(["gateway": ["port": 70000]]).port == OpenClawConfiguration.defaultPort)
    }
}
