import Foundation
import Shared
import TestSupport
import Testing

extension EndToEnd {
    /// Software that others wrote, against the real thing.
    @Suite(.serialized) struct Clients {
        private static let venv = ProcessInfo.processInfo.environment["NEMOCLAW_TEST_VENV"] ?? ""

        @Test("both PyPI gateway clients connect, chat and read history at protocol 3 and 4")
        func gatewayClients() async throws {
            try await TwoSandboxes.with { both in
                let port = try #require(try await both.installation.list().sandboxes.first).port
                let token = try await both.installation.succeed(["alpha", "gateway-token", "-q"]).output
                try await TestFolder.with { home in
                    let program = try Program(
                        "\(Self.venv)/bin/python", ["\(ModelServer.root)/Tests/Tools/gateway_clients.py", "\(port)"],
                        environment: ["HOME": "\(home)", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"],
                        directory: "\(home)")
                    program.write(token + "\n")
                    let result = try await program.result(seconds: 120)
                    #expect(result.status == 0, "\(result.errors)")
                    let said = try JSONCoding.decode(JSONValue.self, from: Array(result.output.utf8))
                    let events = said["xsafeclaw"]?["events"]?.arrayValue ?? []
                    #expect(events.last?["type"]?.stringValue == "final", "\(events)")
                    #expect(said["xsafeclaw"]?["history"]?.arrayValue?.count == 2)
                    #expect(said["xsafeclaw"]?["models"] != nil)
                    for version in [3, 4] {
                        let client = said["webchat\(version)"]
                        #expect(client?["protocol"]?.intValue == Int64(version))
                        #expect(client?["answer"]?.stringValue == "model-a heard: hello from webchat \(version)")
                    }
                }
            }
        }

        @Test(
            "the openai and anthropic SDKs work inside a sandbox, plain and streaming",
            arguments: ["compatible-endpoint", "llama-cpp"])
        func inferenceSDKs(provider: String) async throws {
            try await TestFolder.with { logs in
                let server = try await ModelServer.scripted("model-a", folder: "\(logs)")
                defer { server.stop() }
                try await Installation.with { installation in
                    try await installation.onboard("alpha", port: server.port, model: "model-a", provider: provider)
                    let packages = try #require(Self.packagesFolder)
                    let home = "\(installation.home)/state/sandboxes/alpha/home"
                    for name in try FileManager.default.contentsOfDirectory(atPath: packages) where Self.isNeeded(name)
                    {
                        try FileManager.default.createDirectory(
                            atPath: "\(home)/sdk", withIntermediateDirectories: true)
                        try FileManager.default.copyItem(atPath: "\(packages)/\(name)", toPath: "\(home)/sdk/\(name)")
                    }
                    let script = try String(
                        contentsOfFile: "\(ModelServer.root)/Tests/Tools/inference_sdks.py", encoding: .utf8)
                    let result = try await installation.succeed(
                        ["alpha", "exec", "--no-tty", "--", "env", "PYTHONPATH=/sandbox/sdk", "/usr/bin/python3", "-"],
                        input: script, seconds: 120)
                    let said = try JSONCoding.decode(JSONValue.self, from: Array(result.output.utf8))
                    #expect(said["openai"]?.stringValue == "model-a heard: hello sdk")
                    #expect(said["openai_stream"]?.stringValue == "model-a heard: hello sdk")
                    #expect(said["openai_model"]?.stringValue == "model-a")
                    #expect(said["openai_refused"]?.stringValue?.contains("/v1/images/generations") == true)
                    if provider == "llama-cpp" {
                        #expect(said["anthropic"]?.stringValue == "model-a heard: hello sdk")
                        #expect(said["anthropic_stream"]?.stringValue == "model-a heard: hello sdk")
                    } else {
                        #expect(said["anthropic_refused"]?.stringValue?.contains("compatible-endpoint") == true)
                    }
                    #expect(try server.requests().allSatisfy { $0["authorization"]?.isNull ?? true })
                    #expect(try server.requests().allSatisfy { $0["x-api-key"]?.isNull ?? true })
                }
            }
        }

        @Test("a real language model answers both agents at the same time, each under its own name")
        func realModels() async throws {
            try await Installation.with { installation in
                let first = try await ModelServer.real("smollm2-alpha")
                let second = try await ModelServer.real("smollm2-beta")
                defer {
                    first.stop()
                    second.stop()
                }
                try await installation.onboard("alpha", port: first.port, model: first.name)
                try await installation.onboard("beta", port: second.port, model: second.name, provider: "llama-cpp")
                let both = TwoSandboxes(installation: installation, alpha: first, beta: second)
                async let left = both.agent("alpha", "Say hello.", session: "debug")
                async let right = both.agent("beta", "Say hello.", session: "debug")
                let (alpha, beta) = try await (left, right)
                for (turn, server) in [(alpha, first), (beta, second)] {
                    turn.expectGateway()
                    #expect(turn.model == server.name)
                    #expect(!turn.text.isEmpty)
                }
                #expect(alpha.provider == "compatible-endpoint")
                #expect(beta.provider == "llama-cpp")
            }
        }

        private static var packagesFolder: String? {
            let lib = "\(venv)/lib"
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: lib)) ?? []
            return versions.first { $0.hasPrefix("python3") }.map { "\(lib)/\($0)/site-packages" }
        }

        /// The two SDKs and what they import; the model and its server stay outside.
        private static func isNeeded(_ name: String) -> Bool {
            let names = [
                "openai", "anthropic", "httpx", "httpcore", "h11", "anyio", "sniffio", "idna", "certifi", "pydantic",
                "pydantic_core", "annotated_types", "typing_extensions.py", "typing_inspection", "distro", "jiter",
                "tqdm",
                "docstring_parser",
            ]
            return names.contains(name)
        }
    }
}
