import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import NemoClawCLI

@Suite(.serialized) struct OnboardingProcessTests {
    static let flags = [
        "onboard", "--name", "alpha", "--provider", "ollama", "--model", "qwen2.5:32b", "--non-interactive",
    ]

    static func healthy(_ folder: FilePath) -> StubSessionServer {
        StubSessionServer(path: "\(folder)/run/session.sock") { session in
            guard let open = try session.frame() else { return }
            let request = try JSONCoding.decode(SessionRequest.self, from: open.body)
            session.send(.exited, request.argv == ["openclaw", "health"] ? "{\"code\":0}" : "{\"code\":9}")
        }
    }

    @Test("all eight steps run, each with its time, and the gateway is reused")
    func whole() async throws {
        try await TestFolder.with { folder in
            let server = try StubControl().server(run: "\(folder)/run")
            let sessions = Self.healthy(folder)
            let end = Child(Self.flags, home: folder.string).finish()
            #expect(end.code == 0, "\(end.errors)")
            for (index, title) in OnboardSteps.titles.enumerated() {
                #expect(end.output.contains("  [\(index + 1)/8] \(title)\n"))
            }
            #expect(end.output.contains("  [reuse] Skipping gateway (running)\n  Reusing healthy NemoClaw gateway.\n"))
            #expect(end.output.contains("Skipping messaging channels."))
            #expect(end.output.contains("! Port 18789 is taken by nginx (pid 812)."))
            #expect(end.output.split(separator: "\n").count { $0.hasSuffix(" ms)") } == 8)
            #expect(end.output.contains("nemoclaw alpha connect"))
            #expect(!server.lines.contains("DELETE /v1/sandboxes/alpha"))
            withExtendedLifetime(sessions) {}
            server.stop()
        }
    }

    @Test("with --json stdout is one JSON object")
    func json() async throws {
        try await TestFolder.with { folder in
            let server = try StubControl().server(run: "\(folder)/run")
            let sessions = Self.healthy(folder)
            let end = Child(Self.flags + ["--json"], home: folder.string).finish()
            let result = try JSONCoding.decode(OnboardResult.self, from: Array(end.output.utf8))
            #expect(result.sandbox.name.rawValue == "alpha")
            #expect(end.errors.contains("[8/8]"))
            withExtendedLifetime(sessions) {}
            server.stop()
        }
    }

    @Test(
        "Ctrl-C at a step exits 130 and leaves nothing",
        arguments: [
            ("GET /v1/gateway", false), ("GET /v1/sandboxes", false), ("POST /v1/probe", false),
        ])
    func interrupted(_ line: String, _ destroys: Bool) async throws {
        try await TestFolder.with { folder in
            let server = try StubControl(special: [line: .hang]).server(run: "\(folder)/run")
            let child = Child(Self.flags, home: folder.string)
            #expect(server.waits(for: line))
            child.signal(SIGINT)
            let end = child.finish()
            #expect(end.code == 130)
            #expect(!server.lines.contains { $0.hasPrefix("DELETE") || $0 == "POST /v1/sandboxes" })
            server.stop()
        }
    }

    @Test("Ctrl-C while the sandbox is being made destroys it when it is made")
    func interruptedCreate() async throws {
        try await TestFolder.with { folder in
            let gate = Gate()
            let made = try Samples.text(OnboardResult(sandbox: try Samples.sandbox("alpha"), notes: []))
            let gateway = try Samples.text(Samples.gateway)
            let list = try Samples.text(SandboxList(defaultSandbox: nil, sandboxes: [], gateway: Samples.gateway))
            try Folder.make("\(folder)/run")
            let server = StubServer(path: "\(folder)/run/control.sock") { request in
                switch request.line {
                case "GET /v1/gateway": return .json(200, gateway)
                case "GET /v1/sandboxes": return .json(200, list)
                case "POST /v1/sandboxes":
                    gate.wait()
                    return .json(201, made)
                case "POST /v1/probe": return .json(200, "{\"inference\":\"healthy\"}")
                default: return .json(200, "{}")
                }
            }
            let child = Child(Self.flags, home: folder.string)
            #expect(server.waits(for: "POST /v1/sandboxes"))
            child.signal(SIGINT)
            let errors = child.waitsForErrors("Interrupted: waiting")
            #expect(errors)
            gate.open()
            #expect(child.finish().code == 130)
            #expect(server.lines.last == "DELETE /v1/sandboxes/alpha")
            server.stop()
        }
    }

    @Test("Ctrl-C when a create fails because the name was taken destroys nobody's sandbox")
    func interruptedTaken() async throws {
        try await TestFolder.with { folder in
            let reply = StubServer.Reply.json(409, Samples.failure(.nameTaken, "taken"))
            let server = try StubControl(special: ["POST /v1/sandboxes": reply]).server(run: "\(folder)/run")
            let end = Child(Self.flags, home: folder.string).finish()
            #expect(end.code == 1)
            #expect(end.errors.contains("Sandbox 'alpha' already exists."))
            #expect(!server.lines.contains { $0.hasPrefix("DELETE") })
            server.stop()
        }
    }

    @Test("Ctrl-C or a failure in step 7 destroys the new sandbox", arguments: [true, false])
    func stepSeven(_ interrupts: Bool) async throws {
        try await TestFolder.with { folder in
            let gate = Gate()
            let server = try StubControl().server(run: "\(folder)/run")
            let sessions = StubSessionServer(path: "\(folder)/run/session.sock") { session in
                _ = try session.frame()
                gate.open()
                if interrupts {
                    while try session.frame() != nil {}
                } else {
                    session.send(.errors, "pairing required\n")
                    session.send(.exited, "{\"code\":1}")
                }
            }
            let child = Child(Self.flags, home: folder.string)
            gate.wait()
            if interrupts {
                child.signal(SIGINT)
                child.signal(SIGTERM)
            }
            let end = child.finish()
            #expect(interrupts ? [130, 143].contains(end.code) : end.code == 1)
            #expect(server.lines.last == "DELETE /v1/sandboxes/alpha")
            if !interrupts { #expect(end.errors.contains("  | pairing required")) }
            withExtendedLifetime(sessions) {}
            server.stop()
        }
    }

    @Test("a name that exists is refused before anything is asked or made")
    func taken() async throws {
        try await TestFolder.with { folder in
            let server = try StubControl(sandboxes: [try Samples.sandbox("alpha")]).server(run: "\(folder)/run")
            let end = Child(Self.flags, home: folder.string).finish()
            #expect(end.code == 1)
            #expect(end.errors.contains("Sandbox 'alpha' already exists."))
            #expect(!server.lines.contains { $0.hasPrefix("POST") })
            server.stop()
        }
    }

    @Test("an unauthorized provider stops it before a sandbox is made")
    func unauthorized() async throws {
        try await TestFolder.with { folder in
            let server = try StubControl(special: ["POST /v1/probe": .json(200, "{\"inference\":\"unauthorized\"}")])
                .server(run: "\(folder)/run")
            let end = Child(
                ["onboard", "--name", "alpha", "--provider", "openai", "--model", "m"], home: folder.string,
                environment: ["OPENAI_API_KEY": "sk-planted"]
            ).finish()
            #expect(end.code == 1)
            #expect(end.errors.contains("Set OPENAI_API_KEY to a valid key"))
            #expect(!(end.output + end.errors).contains("sk-planted"))
            #expect(server.requests.contains { $0.path == "/v1/probe" && $0.body.contains("sk-planted") })
            #expect(!server.lines.contains("POST /v1/sandboxes"))
            server.stop()
        }
    }

    @Test("Ctrl-C at the key's prompt exits 130 and switches echo on again")
    func keyPrompt() async throws {
        try await TestFolder.with { folder in
            let server = try StubControl().server(run: "\(folder)/run")
            let child = Child(
                ["onboard", "--provider", "openai", "--model", "m"], home: folder.string, terminal: true)
            #expect(child.shows("Sandbox name [my-assistant]: "))
            child.type("\n")
            #expect(child.shows("OPENAI_API_KEY, not shown"))
            #expect(child.shows("stored): "))
            #expect(child.terminalFlags & tcflag_t(ECHO) == 0)
            child.type("sk-typed\u{3}")
            #expect(child.finish().code == 130)
            #expect(child.terminalFlags & tcflag_t(ECHO) != 0)
            #expect(!child.screen.contains("sk-typed"))
            server.stop()
        }
    }

    @Test("what is missing and cannot be asked for is named with its flag and variable")
    func missing() async throws {
        try await TestFolder.with { folder in
            let server = try StubControl().server(run: "\(folder)/run")
            let end = Child(["onboard", "--name", "alpha"], home: folder.string).finish()
            #expect(end.code == 2)
            #expect(end.errors.contains("--provider, or set NEMOCLAW_PROVIDER"))
            server.stop()
        }
    }
}
