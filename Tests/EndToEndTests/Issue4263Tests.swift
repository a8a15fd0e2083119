import Shared
import TestSupport
import Testing

extension EndToEnd {
    /// The three conditions of the case this project exists for.
    @Suite(.serialized) struct Issue4263 {
        @Test("twenty rounds of both agents at the same time all go through the gateway, each to its own model")
        func rounds() async throws {
            try await TwoSandboxes.with { both in
                for round in 0..<20 {
                    async let first = both.agent("alpha", "round \(round) from alpha", session: "debug")
                    async let second = both.agent("beta", "round \(round) from beta", session: "debug")
                    let (alpha, beta) = try await (first, second)
                    #expect(alpha.text == "model-a heard: round \(round) from alpha")
                    #expect(beta.text == "model-b heard: round \(round) from beta")
                    #expect(alpha.model == "model-a")
                    #expect(beta.model == "model-b")
                    alpha.expectGateway()
                    beta.expectGateway()
                }
                for (server, name) in [(both.alpha, "alpha"), (both.beta, "beta")] {
                    let turns = try server.requests().filter { $0["path"]?.stringValue == "/v1/chat/completions" }
                    #expect(turns.count == 20)
                    #expect(turns.allSatisfy { $0["model"]?.stringValue == server.name })
                    #expect(
                        turns.allSatisfy { $0["authorization"]?.isNull ?? true },
                        "credentials of \(name) reached upstream")
                    // Earlier turns of the session are sent along: each request is longer than the one before.
                    #expect(turns.compactMap { $0["turns"]?.intValue }.max() ?? 0 > 20)
                }
                let approvals = try await both.installation.json(JSONValue.self, ["approvals", "list"])
                #expect(approvals["approvals"]?.arrayValue?.isEmpty == true)
                let devices = try await both.installation.succeed(
                    ["alpha", "exec", "--no-tty", "--", "openclaw", "devices", "list", "--json"])
                let paired =
                    try JSONCoding.decode(JSONValue.self, from: Array(devices.output.utf8))["paired"]?.arrayValue ?? []
                #expect(paired.count == 1)
                let scopes = Set(paired.first?["scopes"]?.arrayValue?.compactMap(\.stringValue) ?? [])
                #expect(scopes.isSubset(of: ["operator.pairing", "operator.read", "operator.write"]), "\(scopes)")
            }
        }

        @Test("a second onboard reuses the gateway and its certificate, and both are listed behind one gateway")
        func reuse() async throws {
            try await TestFolder.with { logs in
                let server = try await ModelServer.scripted("model-a", folder: "\(logs)")
                defer { server.stop() }
                try await Installation.with { installation in
                    try await installation.onboard("alpha", port: server.port, model: "model-a")
                    let before = try await installation.list()
                    let second = try await installation.succeed([
                        "onboard", "--name", "beta", "--provider", "custom", "--model", "other",
                        "--endpoint-url", "http://127.0.0.1:\(server.port)/v1",
                    ])
                    #expect(second.output.contains("[reuse]") || second.errors.contains("[reuse]"))
                    let after = try await installation.list()
                    #expect(after.gateway == before.gateway)
                    #expect(after.sandboxes.map(\.name.rawValue).sorted() == ["alpha", "beta"])
                    #expect(after.sandboxes.allSatisfy { $0.state == .ready })
                    #expect(Set(after.sandboxes.map(\.port)).count == 2)
                    let alpha = after.sandboxes.first { $0.name.rawValue == "alpha" }
                    #expect(alpha?.workerPid == before.sandboxes.first?.workerPid)
                    for name in ["alpha", "beta"] {
                        try await installation.succeed(
                            [
                                name, "exec", "--no-tty", "--", "curl", "-sS", "--fail",
                                "https://inference.local/v1/models",
                            ])
                    }
                    let text = try await installation.succeed(["status"])
                    #expect(text.output.contains("alpha") && text.output.contains("beta"))
                    #expect(text.output.components(separatedBy: "Gateway:").count == 2)
                }
            }
        }
    }
}
