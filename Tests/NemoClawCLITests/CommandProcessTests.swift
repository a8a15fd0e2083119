import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import NemoClawCLI

@Suite(.serialized) struct CommandProcessTests {
    static func with(
        _ control: StubControl? = nil, _ body: (FilePath, StubServer) throws -> Void
    ) async throws {
        let standard = StubControl(sandboxes: [
            try Samples.sandbox("alpha", isDefault: true), try Samples.sandbox("beta", port: 18790, state: .stopped),
        ])
        try await TestFolder.with { folder in
            let server = try (control ?? standard).server(run: "\(folder)/run")
            try body(folder, server)
            server.stop()
        }
    }

    @Test(
        "an unknown command exits 1, lists the sandboxes and says where help is", arguments: ["doctor", "gamma", "X"])
    func unknown(_ word: String) async throws {
        try await Self.with { folder, _ in
            let end = Child([word], home: folder.string).finish()
            #expect(end.code == 1)
            #expect(end.output.isEmpty)
            #expect(end.errors.contains("Registered sandboxes: alpha, beta"))
            #expect(end.errors.contains("Run 'nemoclaw help'"))
        }
    }

    @Test("without a supervisor list says how to start it, status that the gateway is down")
    func down() async throws {
        try await TestFolder.with { folder in
            let list = Child(["list"], home: folder.string).finish()
            #expect(list.code == 1)
            #expect(list.errors.contains("Run `nemoclaw up`"))
            let status = Child(["status"], home: folder.string).finish()
            #expect(status.code == 1)
            #expect(status.output.hasPrefix("gateway: down [unavailable] ("))
            let json = Child(["status", "--json"], home: folder.string).finish()
            let value = try JSONCoding.decode(JSONValue.self, from: Array(json.output.utf8))
            #expect(value["gateway"]?["state"] == "down")
            #expect(Child(["down"], home: folder.string).finish().code == 0)
        }
    }

    @Test("help and version work without anything")
    func help() async throws {
        try await TestFolder.with { folder in
            #expect(Child([], home: folder.string).finish().output.contains("Getting Started"))
            let version = Child(["--version"], home: folder.string).finish()
            #expect(version.output == "nemoclaw v\(ProductVersion.string)\n")
            let exec = Child(["help", "exec"], home: folder.string).finish()
            #expect(exec.code == 0)
            #expect(exec.output.contains("--workdir"))
            let wrong = Child(["list", "--bogus"], home: folder.string).finish()
            #expect(wrong.code == 2)
            #expect(wrong.output.isEmpty)
        }
    }

    @Test("destroy refuses when nobody can be asked, and takes --yes")
    func destroy() async throws {
        try await Self.with { folder, server in
            let refused = Child(["alpha", "destroy"], home: folder.string).finish()
            #expect(refused.code == 2)
            #expect(refused.errors.contains("nemoclaw alpha destroy --yes"))
            #expect(!server.lines.contains("DELETE /v1/sandboxes/alpha"))
            #expect(Child(["destroy", "--yes"], home: folder.string).finish().code == 2)
            #expect(Child(["alpha", "destroy", "--yes"], home: folder.string).finish().code == 0)
            #expect(server.lines.last == "DELETE /v1/sandboxes/alpha")
        }
    }

    @Test("destroy asks on a terminal; anything but yes changes nothing")
    func destroyAsks() async throws {
        try await Self.with { folder, server in
            let child = Child(["alpha", "destroy"], home: folder.string, terminal: true)
            #expect(child.shows("[y/N]: "))
            child.type("\n")
            #expect(child.finish().code == 1)
            #expect(!server.lines.contains("DELETE /v1/sandboxes/alpha"))
        }
    }

    @Test("the token is all that stands on stdout; -q leaves out the caution")
    func token() async throws {
        let control = StubControl(
            sandboxes: [try Samples.sandbox("alpha", isDefault: true)],
            special: ["GET /v1/sandboxes/alpha/gateway-token": .json(200, "{\"token\":\"abc\"}")])
        try await Self.with(control) { folder, _ in
            let loud = Child(["alpha", "gateway-token"], home: folder.string).finish()
            #expect(loud.output == "abc\n")
            #expect(loud.errors.contains("Caution"))
            #expect(Child(["gateway-token", "-q"], home: folder.string).finish().errors.isEmpty)
        }
    }

    @Test("exec gives the command's bytes, streams and code", arguments: [0, 7, 255] as [Int32])
    func exec(_ code: Int32) async throws {
        try await Self.with { folder, _ in
            let sessions = StubSessionServer(path: "\(folder)/run/session.sock") { session in
                guard let open = try session.frame() else { return }
                let request = try JSONCoding.decode(SessionRequest.self, from: open.body)
                session.send(.output, request.argv.joined(separator: "|") + request.directory)
                session.send(.errors, request.terminal == nil ? "no terminal" : "terminal")
                while let frame = try session.frame(), !frame.body.isEmpty { session.send(.output, frame.body) }
                session.send(.exited, "{\"code\":\(code)}")
            }
            let end = Child(
                ["alpha", "exec", "--workdir", "/tmp", "--", "a", "-b", "c d"], home: folder.string, input: "in"
            ).finish()
            #expect(end.code == code)
            #expect(end.output == "a|-b|c d/tmpin")
            #expect(end.errors == "no terminal")
            withExtendedLifetime(sessions) {}
        }
    }

    @Test("connect to a stopped sandbox names the command that starts it")
    func stopped() async throws {
        try await Self.with { folder, _ in
            let end = Child(["beta"], home: folder.string).finish()
            #expect(end.code == 1)
            #expect(end.errors.contains("Run `nemoclaw beta start`"))
        }
    }

    @Test("agent without a target is 2, an embedded answer 1, a gateway's answer 0")
    func agent() async throws {
        try await Self.with { folder, _ in
            let sessions = StubSessionServer(path: "\(folder)/run/session.sock") { session in
                guard let open = try session.frame() else { return }
                let request = try JSONCoding.decode(SessionRequest.self, from: open.body)
                let transport = request.argv.contains("--message=fall back") ? "embedded" : "gateway"
                let meta = "{\"transport\":\"\(transport)\"}"
                session.send(
                    .output, "{\"status\":\"ok\",\"result\":{\"payloads\":[{\"text\":\"42\"}],\"meta\":\(meta)}}")
                session.send(.exited, "{\"code\":0}")
            }
            #expect(Child(["alpha", "agent", "-m", "hi"], home: folder.string).finish().code == 2)
            let good = Child(["alpha", "agent", "--agent", "main", "-m", "hi"], home: folder.string).finish()
            #expect(good.code == 0)
            #expect(good.output == "42\n")
            let bad = Child(["alpha", "agent", "--agent", "main", "-m", "fall back"], home: folder.string).finish()
            #expect(bad.code == 1)
            #expect(bad.errors.contains("embedded"))
            withExtendedLifetime(sessions) {}
        }
    }

    @Test("an approval's id cannot change the path", arguments: ["../sandboxes/alpha", "a/b", "a?b", "", "a b"])
    func approvalId(_ text: String) async throws {
        try await Self.with { folder, server in
            #expect(Child(["approvals", "approve", text], home: folder.string).finish().code == 2)
            #expect(!server.lines.contains { $0.hasPrefix("POST") })
        }
    }
}
