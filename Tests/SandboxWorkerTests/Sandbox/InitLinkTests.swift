import CSandbox
import Glibc
import Shared
import Testing

@testable import SandboxWorker

@Suite(.serialized) struct InitLinkTests {
    @Test func `exits and signals are told apart`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            #expect(try await sandbox.run("exit 7").exit == SessionExit(code: 7))
            #expect(try await sandbox.run("kill -TERM $$").exit == SessionExit(signal: SIGTERM))
        }
    }

    @Test func `a command has its folder, its environment and three descriptors`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let lines = try await sandbox.lines("pwd; echo $OPENCLAW_GATEWAY_URL; ls /proc/$$/fd | tr '\\n' ' '")
            #expect(lines.prefix(2) == ["/sandbox", "ws://127.0.0.1:18789"])
            #expect(lines.last?.hasPrefix("0 1 2 ") == true)
            #expect(lines.last?.split(separator: " ").contains("4") == false)
        }
    }

    @Test func `a command that cannot start says at which step`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            defer { close(null) }
            let table: [(argv: [String], directory: String, message: String)] = [
                (["no-such-program"], "/", "cannot start the command: execute the program: no such file or directory"),
                (
                    ["true"], "/nowhere",
                    "cannot start the command: enter the working directory: no such file or directory"
                ),
            ]
            for (argv, directory, message) in table {
                await #expect(throws: NemoClawError(.sandboxFailed, message)) {
                    _ = try await sandbox.link.start(
                        argv: argv, environment: sandbox.environment, directory: directory, stdio: (null, null, null))
                }
            }
            await #expect(throws: NemoClawError.self) {
                _ = try await sandbox.link.start(
                    argv: [], environment: [], directory: "/", stdio: (null, null, null))
            }
            let long = String(repeating: "x", count: 70_000)
            await #expect(throws: NemoClawError.self) {
                _ = try await sandbox.link.start(
                    argv: ["echo", long], environment: [], directory: "/", stdio: (null, null, null))
            }
        }
    }

    @Test func `a terminal is the sandbox's own and has its size`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let (command, master) = try await sandbox.link.startTerminal(
                argv: ["bash", "-c", "tty; stty size; read line; echo \"got $line\"; stty size"],
                environment: sandbox.environment, directory: "/", columns: 100, rows: 30)
            defer { close(master) }
            var output = read(master, until: "30 100")
            #expect(output.contains("/dev/pts/0"))
            #expect(csandbox_resize_terminal(master, 120, 40) == 0)
            write(master, "hello\n", 6)
            output = read(master, until: "40 120")
            #expect(output.contains("got hello") && output.contains("40 120"))
            #expect(await command.exit() == SessionExit(code: 0))
        }
    }

    private func read(_ master: CInt, until text: String) -> String {
        var output = ""
        var bytes = [UInt8](repeating: 0, count: 4096)
        var entry = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        while !output.contains(text), poll(&entry, 1, 10_000) == 1 {
            let count = Glibc.read(master, &bytes, bytes.count)
            guard count > 0 else { break }
            output += String(decoding: bytes[..<count], as: UTF8.self)
        }
        return output
    }

    @Test func `closing the master hangs the command up`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let (command, master) = try await sandbox.link.startTerminal(
                argv: ["sleep", "1000"], environment: sandbox.environment, directory: "/", columns: 80, rows: 24)
            close(master)
            #expect(await command.exit() == SessionExit(signal: SIGHUP))
        }
    }

    @Test func `a signal reaches the whole group`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let (output, input) = try Scratch.pipe()
            let command = try await sandbox.link.start(
                argv: ["bash", "-c", "sleep 1000 & echo ready; wait"], environment: sandbox.environment,
                directory: "/", stdio: (output, input, input))
            close(input)
            #expect(read(output, until: "ready").contains("ready"))
            sandbox.link.signal(command.id, SIGTERM)
            #expect(await command.exit() == SessionExit(signal: SIGTERM))
            // The pipe ends only when the child in the background is gone too.
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            #expect(poll(&entry, 1, 10_000) == 1 && Int32(entry.revents) & POLLHUP != 0)
            close(output)
        }
    }

    @Test func `orphans are reaped`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let script = """
                for i in 1 2 3 4 5; do (setsid true &) ; done
                for i in $(seq 1000); do
                  grep -q ') Z ' /proc/[0-9]*/stat 2>/dev/null || exit 0
                done
                exit 1
                """
            #expect(try await sandbox.run(script).exit.code == 0)
        }
    }

    @Test func `packets that init does not understand change nothing`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let packets: [[UInt8]] = [
                [0], [255], [1], [1, 0, 0, 0, 9], [2, 0, 0], [3, 0, 0, 0, 1, 0, 0, 0, 1], [6],
                [2, 0, 0, 0, 77, 9], [UInt8](repeating: 0xff, count: 60_000),
            ]
            for packet in packets {
                #expect(csandbox_send_fds(sandbox.process.initSocket, packet, packet.count, [0], 1) == packet.count)
            }
            let many = [CInt](repeating: 0, count: 16)
            #expect(csandbox_send_fds(sandbox.process.initSocket, [1, 2], 2, many, many.count) == 2)
            #expect(try await sandbox.run("echo alive").output == "alive\n")
        }
    }

    @Test func `the 257th command is refused and the others go on`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            defer { close(null) }
            var commands: [CommandHandle] = []
            for _ in 0..<256 {
                commands.append(
                    try await sandbox.link.start(
                        argv: ["sleep", "1000"], environment: sandbox.environment, directory: "/",
                        stdio: (null, null, null)))
            }
            await #expect(throws: NemoClawError.self) { _ = try await sandbox.run("true") }
            sandbox.link.signal(commands[0].id, SIGKILL)
            #expect(await commands[0].exit() == SessionExit(signal: SIGKILL))
            #expect(try await sandbox.run("true").exit == SessionExit(code: 0))
        }
    }

    @Test func `shutdown asks first and kills who does not listen`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let (output, input) = try Scratch.pipe()
            let polite = try await sandbox.link.start(
                argv: ["bash", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done"],
                environment: sandbox.environment, directory: "/", stdio: (output, input, input))
            #expect(read(output, until: "ready").contains("ready"))
            let stubborn = try await sandbox.link.start(
                argv: ["bash", "-c", "trap '' TERM; echo second; while :; do sleep 0.01; done"],
                environment: sandbox.environment, directory: "/", stdio: (output, input, input))
            #expect(read(output, until: "second").contains("second"))
            sandbox.link.shutdown(graceMilliseconds: 500)
            #expect(await polite.exit() == SessionExit(code: 3))
            #expect(await stubborn.exit() == SessionExit(signal: SIGKILL))
            #expect(await sandbox.process.exit() == SessionExit(code: 0))
            await sandbox.link.ended
            await #expect(throws: NemoClawError(.notRunning, "the sandbox has ended")) {
                _ = try await sandbox.run("true")
            }
            close(output)
            close(input)
        }
    }

    @Test func `the end of the worker's socket ends the sandbox and all in it`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let (output, input) = try Scratch.pipe()
            let command = try await sandbox.link.start(
                argv: ["sleep", "1000"], environment: sandbox.environment, directory: "/",
                stdio: (output, input, input))
            close(input)
            Glibc.shutdown(sandbox.process.initSocket, CInt(SHUT_RDWR))
            #expect(await sandbox.process.exit() == SessionExit(code: 0))
            #expect(await command.exit() == SessionExit(signal: SIGKILL))
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            #expect(poll(&entry, 1, 10_000) == 1 && Int32(entry.revents) & POLLHUP != 0)
            close(output)
        }
    }
}
