import Shared
import TestSupport
import Testing

extension EndToEnd {
    /// What a program inside a sandbox can and cannot do.
    @Suite(.serialized) struct Isolation {
        private static let key = "planted-provider-key-0123456789"

        @Test(
            "inside, only inference.local is reachable and no secret is readable",
            arguments: Installation.Operator.allCases)
        func inside(user: Installation.Operator) async throws {
            try await TestFolder.with { logs in
                let server = try await ModelServer.scripted("model-a", folder: "\(logs)")
                defer { server.stop() }
                try await Installation.with(as: user) { installation in
                    try await installation.succeed(
                        [
                            "onboard", "--name", "alpha", "--provider", "compatible-endpoint", "--model", "model-a",
                            "--endpoint-url", "http://127.0.0.1:\(server.port)/v1",
                        ], environment: ["COMPATIBLE_API_KEY": Self.key])
                    func shell(_ script: String) async throws -> ProgramResult {
                        try await installation.run(["alpha", "exec", "--no-tty", "--", "sh", "-c", script])
                    }
                    let models = try await shell("curl -sS --fail https://inference.local/v1/models")
                    #expect(models.status == 0 && models.output.contains("model-a"), "\(models)")
                    for target in [
                        "https://example.com/", "http://example.com/", "http://127.0.0.1:\(server.port)/v1/models",
                        "https://1.1.1.1/", "http://169.254.169.254/", "http://127.0.0.1:\(installation.gatewayPort)/",
                        "http://[::1]:\(server.port)/",
                    ] {
                        let result = try await shell("curl -sS --fail -m 5 '\(target)'")
                        #expect(result.status != 0, "\(target) was reached: \(result.output)")
                    }
                    // The detector first: the same search finds what is really there.
                    try await installation.succeed(
                        ["alpha", "exec", "--no-tty", "--", "sh", "-c", "echo \(Self.key)-x > /sandbox/planted"])
                    let search =
                        "grep -rlsaF '\(Self.key)' /sandbox /etc /opt /tmp /run /dev/shm /proc/[0-9]*/environ "
                        + "/proc/[0-9]*/cmdline 2>/dev/null | grep -v -e /proc/self -e cmdline"
                    #expect(try await shell(search).output.contains("/sandbox/planted"))
                    let found = try await shell("rm /sandbox/planted; \(search)")
                    #expect(found.output.isEmpty, "\(found.output)")
                    #expect(try await shell("grep -rlsa 'PRIVATE KEY' /etc/ssl /opt /tmp /run").output.isEmpty)
                    let upstream = try server.requests().filter { $0["path"]?.stringValue == "/v1/models" }
                    #expect(upstream.contains { $0["authorization"]?.stringValue == "Bearer \(Self.key)" })
                    let identity = try await shell(
                        "id -u; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; ls /root /home")
                    #expect(identity.output.hasPrefix("1000\n"))
                    #expect(identity.output.contains("CapEff:\t0000000000000000"))
                    #expect(identity.output.contains("NoNewPrivs:\t1"))
                }
            }
        }

        @Test("an ordinary user runs both agents at the same time")
        func ordinaryUser() async throws {
            try await TwoSandboxes.with(as: .ordinaryUser) { both in
                async let first = both.agent("alpha", "one", session: "debug")
                async let second = both.agent("beta", "two", session: "debug")
                let (alpha, beta) = try await (first, second)
                #expect(alpha.text == "model-a heard: one")
                #expect(beta.text == "model-b heard: two")
                alpha.expectGateway()
                beta.expectGateway()
            }
        }
    }
}
