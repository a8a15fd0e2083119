import Glibc
import Shared

@testable import SandboxWorker

/// Runs a shell script of the test's instead of the command that was asked for, on this host, without a sandbox.
struct LocalStarter: CommandStarter {
    struct Command: RunningCommand {
        let pid: pid_t

        func signal(_ number: Int32) async { kill(-pid, number) }

        func exit() async -> SessionExit {
            let pid = pid
            return await withCheckedContinuation { continuation in
                _ = BlockingThread.start("test-wait") {
                    var status: Int32 = 0
                    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
                    let isSignal = status & 0x7f != 0
                    continuation.resume(
                        returning: isSignal
                            ? SessionExit(signal: status & 0x7f) : SessionExit(code: (status >> 8) & 0xff))
                }
            }
        }
    }

    /// nil: the command as it is.
    var script: String?

    func start(
        argv: [String], environment: [String], directory: String, stdio: [CInt]
    ) async throws(NemoClawError) -> any RunningCommand {
        try spawn(script.map { ["/bin/sh", "-c", $0] } ?? argv, stdio)
    }

    func startTerminal(
        argv: [String], environment: [String], directory: String, columns: UInt16, rows: UInt16
    ) async throws(NemoClawError) -> (command: any RunningCommand, master: CInt) {
        var master: CInt = -1
        var slave: CInt = -1
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard openpty(&master, &slave, nil, nil, &size) == 0 else { throw NemoClawError(.internalError, "no terminal") }
        defer { close(slave) }
        return (try spawn(script.map { ["/bin/sh", "-c", $0] } ?? argv, [slave, slave, slave]), master)
    }

    private func spawn(_ argv: [String], _ stdio: [CInt]) throws(NemoClawError) -> Command {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, descriptor) in stdio.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, CInt(number))
        }
        // Other tests open descriptors at the same time; one that is not open is no error here.
        for descriptor in 3..<256 as Range<CInt> { posix_spawn_file_actions_addclose(&actions, descriptor) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        var pid: pid_t = 0
        var arguments = argv.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
        defer { environment.forEach { free($0) } }
        let result = posix_spawn(&pid, argv[0], &actions, &attributes, &arguments, &environment)
        guard result == 0 else { throw NemoClawError(.sandboxFailed, "cannot start \"\(argv[0])\"") }
        return Command(pid: pid)
    }
}

/// Fails every start.
struct BrokenStarter: CommandStarter {
    func start(
        argv: [String], environment: [String], directory: String, stdio: [CInt]
    ) async throws(NemoClawError) -> any RunningCommand { throw NemoClawError(.sandboxFailed, "no init") }

    func startTerminal(
        argv: [String], environment: [String], directory: String, columns: UInt16, rows: UInt16
    ) async throws(NemoClawError) -> (command: any RunningCommand, master: CInt) {
        throw NemoClawError(.sandboxFailed, "no init")
    }
}
