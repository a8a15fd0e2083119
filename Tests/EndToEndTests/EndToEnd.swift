import Shared
import TestSupport
import Testing

/// All end-to-end suites: real programs, sockets, namespaces and model servers. One at a time, as the machine is small.
@Suite(.serialized) struct EndToEnd {}

/// Two sandboxes behind one gateway, each on a model server of its own.
struct TwoSandboxes {
    let installation: Installation
    let alpha: ModelServer
    let beta: ModelServer

    static func with(
        as user: Installation.Operator = .root, _ body: (TwoSandboxes) async throws -> Void
    ) async throws {
        try await Installation.with(as: user) { installation in
            try await TestFolder.with { logs in
                let alpha = try await ModelServer.scripted("model-a", folder: "\(logs)")
                let beta = try await ModelServer.scripted("model-b", folder: "\(logs)")
                defer {
                    alpha.stop()
                    beta.stop()
                }
                try await installation.onboard("alpha", port: alpha.port, model: "model-a")
                try await installation.onboard("beta", port: beta.port, model: "model-b")
                try await body(TwoSandboxes(installation: installation, alpha: alpha, beta: beta))
            }
        }
    }

    /// One turn of the agent in a sandbox, started by hand.
    func startAgent(_ name: String, _ message: String, session: String) throws -> Program {
        try installation.start([
            name, "exec", "--no-tty", "--", "openclaw", "agent", "--agent", "main", "-m", message, "--session-id",
            session,
            "--json",
        ])
    }

    /// One turn of the agent in a sandbox, as `openclaw agent --json` prints it.
    func agent(_ name: String, _ message: String, session: String) async throws -> AgentTurn {
        let result = try await startAgent(name, message, session: session).result(seconds: 120)
        return try AgentTurn(result)
    }
}

/// What `openclaw agent --json` said.
struct AgentTurn {
    let text: String
    let transport: String?
    let model: String?
    let provider: String?
    let raw: ProgramResult

    init(_ result: ProgramResult) throws {
        raw = result
        guard result.status == 0 else {
            throw NemoClawError(
                .internalError, "openclaw ended with \(result.status): \(result.errors) \(result.output)")
        }
        let json = try JSONCoding.decode(JSONValue.self, from: Array(result.output.utf8))
        let payloads = json["result"]?["payloads"]?.arrayValue ?? []
        text = payloads.compactMap { $0["text"]?.stringValue }.joined()
        transport = json["result"]?["meta"]?["transport"]?.stringValue
        model = json["result"]?["meta"]?["agentMeta"]?["model"]?.stringValue
        provider = json["result"]?["meta"]?["agentMeta"]?["provider"]?.stringValue
    }

    /// Wording that upstream printed when an agent fell back; none of it may ever appear.
    static let markers = ["EMBEDDED", "embedded", "fallback", "pending approval", "pairing required", "scope upgrade"]

    func expectGateway(_ location: SourceLocation = #_sourceLocation) {
        #expect(transport == "gateway", sourceLocation: location)
        for marker in Self.markers {
            #expect(!raw.output.contains(marker) && !raw.errors.contains(marker), "\(marker)", sourceLocation: location)
        }
    }
}
