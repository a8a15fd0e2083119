import Foundation
import Glibc
import Shared
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import NemoClawCLI

@Suite struct SupervisorLauncherTests {
    /// A supervisor made of shell.
    static func install(_ script: String, in folder: FilePath) throws {
        let path = "\(folder)/nemoclaw-supervisor"
        try Child.spawning.withLock { _ in
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
        }
        chmod(path, 0o755)
    }

    @Test("a supervisor gets no provider key and nothing else that is not its business")
    func environment() {
        let result = SupervisorLauncher.environment(from: [
            "PATH": "/bin", "HOME": "/h", "XDG_STATE_HOME": "/s", "OPENAI_API_KEY": "k", "GEMINI_API_KEY": "k",
            "NEMOCLAW_PROVIDER_KEY": "k", "COMPATIBLE_API_KEY": "k", "NVIDIA_INFERENCE_API_KEY": "k",
            "LD_PRELOAD": "x", "NEMOCLAW_HOME": "/n", "NEMOCLAW_GATEWAY_PORT": "8081",
        ])
        #expect(Set(result.keys) == ["PATH", "HOME", "XDG_STATE_HOME", "NEMOCLAW_HOME", "NEMOCLAW_GATEWAY_PORT"])
    }

    @Test("up shows the log's end when the supervisor ends at once")
    func dies() async throws {
        try await TestFolder.with { folder in
            try Self.install("env > \(folder)/env; echo 'state is locked' >&2; exit 3", in: folder)
            let end = Child(
                ["up"], home: folder.string,
                environment: ["NEMOCLAW_LIBEXEC": folder.string, "OPENAI_API_KEY": "sk-planted"]
            ).finish()
            #expect(end.code == 1)
            #expect(end.output.isEmpty)
            #expect(end.errors.contains("  | state is locked"))
            #expect(end.errors.contains("exit code 3"))
            let environment = try #require(SmallFile.read("\(folder)/env"))
            #expect(environment.contains("NEMOCLAW_HOME="))
            #expect(!environment.contains("sk-planted"))
            var info = stat()
            stat("\(folder)/state/supervisor.log", &info)
            #expect(info.st_mode & 0o777 == 0o600)
        }
    }

    @Test("up says how to find a supervisor that is not there")
    func missing() async throws {
        try await TestFolder.with { folder in
            try Self.install("", in: folder)
            chmod("\(folder)/nemoclaw-supervisor", 0o644)
            let context = try Context(
                environment: ["NEMOCLAW_HOME": folder.string, "NEMOCLAW_LIBEXEC": folder.string],
                console: OutputTests.console, executable: "\(folder)/nemoclaw", user: 1000)
            #expect(throws: NemoClawError.self) { try SupervisorProgram.find(context) }
        }
    }

    @Test("up waits until the socket answers, a second one starts nothing")
    func ready() async throws {
        try await TestFolder.with { folder in
            try Self.install("echo $$ > \(folder)/pid; mkfifo \(folder)/fifo; exec cat \(folder)/fifo", in: folder)
            let up = Child(["up"], home: folder.string, environment: ["NEMOCLAW_LIBEXEC": folder.string])
            let fifo = Self.waitFor("\(folder)/fifo")
            #expect(fifo)
            mkdir("\(folder)/run", 0o700)
            let text = try Samples.text(Samples.gateway)
            let server = StubServer(path: "\(folder)/run/control.sock") { _ in .json(200, text) }
            let end = up.finish()
            #expect(end.code == 0)
            #expect(end.output.hasPrefix("Started (pid 4711)"))
            let again = Child(["up"], home: folder.string, environment: ["NEMOCLAW_LIBEXEC": "/nonexistent"]).finish()
            #expect(again.output == "already running (pid 4711)\n")
            Self.end("\(folder)/pid")
            server.stop()
        }
    }

    @Test("Ctrl-C while up waits leaves no half-started supervisor")
    func interrupted() async throws {
        try await TestFolder.with { folder in
            try Self.install("echo $$ > \(folder)/pid; mkfifo \(folder)/fifo; exec cat \(folder)/fifo", in: folder)
            let up = Child(["up"], home: folder.string, environment: ["NEMOCLAW_LIBEXEC": folder.string])
            #expect(Self.waitFor("\(folder)/fifo"))
            let pid = try #require(SmallFile.read("\(folder)/pid").flatMap { Int32($0.dropLast()) })
            up.signal(SIGINT)
            #expect(up.finish().code == 130)
            #expect(kill(pid, 0) != 0)
        }
    }

    private static func end(_ file: String) {
        if let pid = SmallFile.read(file).flatMap({ Int32($0.dropLast()) }) { kill(pid, SIGTERM) }
    }

    /// Polls for a file, 20 s at most.
    private static func waitFor(_ path: String) -> Bool {
        let deadline = Deadline.after(milliseconds: 20_000)
        while access(path, F_OK) != 0 {
            if deadline.hasPassed { return false }
            poll(nil, 0, 2)
        }
        return true
    }
}
