import Foundation
import Glibc
import Synchronization

@testable import NemoClawCLI

/// The built `nemoclaw` as a real process.
final class Child {
    let pid: Int32
    private let output: Int32
    private let errors: Int32
    /// The terminal's other side, when it has one.
    let master: Int32
    private var slave: Int32 = -1

    /// Held while a child starts and while a program is written: a child that holds the file open for a moment
    /// would make it "busy" (ETXTBSY, execve(2)).
    static let spawning = Mutex(())

    static var program: String {
        let own = ProcessEnvironment.executable()
        return own[..<(own.lastIndex(of: "/") ?? own.endIndex)] + "/nemoclaw"
    }

    /// - Parameter terminal: stdin, stdout and stderr are a terminal, and it is the controlling one.
    init(
        _ arguments: [String], home: String, environment: [String: String] = [:], input: String = "",
        terminal: Bool = false
    ) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        // Threads of the test runner block signals, and a mask survives exec.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var readEnds: [Int32] = [-1, -1]
        var writeEnds: [Int32] = [-1, -1]
        var inputEnds: [Int32] = [-1, -1]
        var masterEnd: Int32 = -1
        if terminal {
            var name = [CChar](repeating: 0, count: 256)
            var size = winsize(ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
            openpty(&masterEnd, &slave, &name, nil, &size)
            _ = fcntl(masterEnd, F_SETFD, FD_CLOEXEC)
            _ = fcntl(slave, F_SETFD, FD_CLOEXEC)
            let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
            posix_spawn_file_actions_adddup2(&actions, 0, 1)
            posix_spawn_file_actions_adddup2(&actions, 0, 2)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | 0x80)
        } else {
            func pair(_ ends: inout [Int32], _ number: Int32, _ mine: Int) {
                pipe(&ends)
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
                posix_spawn_file_actions_adddup2(&actions, ends[1 - mine], number)
            }
            pair(&inputEnds, 0, 1)
            pair(&readEnds, 1, 0)
            pair(&writeEnds, 2, 0)
        }
        var all = ["PATH": "/usr/bin:/bin", "NEMOCLAW_HOME": home, "TERM": "xterm"]
        all.merge(environment) { _, new in new }
        var number: pid_t = 0
        let code = Self.spawning.withLock { _ in
            CStrings.with([Self.program] + arguments) { argv in
                CStrings.with(all.map { "\($0.key)=\($0.value)" }) { envp in
                    posix_spawn(&number, Self.program, &actions, &attributes, argv, envp)
                }
            }
        }
        precondition(code == 0, "cannot start \(Self.program): \(code)")
        pid = number
        master = masterEnd
        output = readEnds[0]
        errors = writeEnds[0]
        if !terminal {
            for end in [inputEnds[0], readEnds[1], writeEnds[1]] { close(end) }
            _ = Glibc.write(inputEnds[1], input, input.utf8.count)
            close(inputEnds[1])
        }
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Types on its terminal.
    func type(_ text: String) { _ = Glibc.write(master, text, text.utf8.count) }

    /// Reads its terminal until `text` came; false after 20 s or at the end.
    func shows(_ text: String) -> Bool {
        let deadline = Deadline.after(milliseconds: 20_000)
        while !screen.contains(text) {
            var entry = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, deadline.pollTimeout) > 0 else { return false }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(master, &buffer, buffer.count)
            guard count > 0 else { return screen.contains(text) }
            screen += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return true
    }

    private(set) var screen = ""

    /// Settings of its terminal, as they are now.
    var terminalFlags: tcflag_t {
        var settings = termios()
        tcgetattr(slave, &settings)
        return settings.c_lflag
    }

    private var errorsSoFar = ""

    /// Reads stderr until `text` came; false after 20 s or at the end.
    func waitsForErrors(_ text: String) -> Bool {
        let deadline = Deadline.after(milliseconds: 20_000)
        while !errorsSoFar.contains(text) {
            var entry = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, deadline.pollTimeout) > 0 else { return false }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(errors, &buffer, buffer.count)
            guard count > 0 else { return false }
            errorsSoFar += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return true
    }

    /// Waits for its end: exit code (128 + signal), stdout, stderr.
    func finish() -> (code: Int32, output: String, errors: String) {
        let (output, errors) = (output, errors)
        var out = ""
        var err = ""
        if output >= 0 {
            let reading = ReadAll(errors)
            out = ReadAll.text(output)
            err = errorsSoFar + reading.wait()
        }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return (status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f), out, err)
    }
}

/// Reads a descriptor to its end on a thread.
final class ReadAll: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var result = ""

    init(_ descriptor: Int32) {
        Thread {
            self.result = Self.text(descriptor)
            self.done.signal()
        }.start()
    }

    func wait() -> String {
        done.wait()
        return result
    }

    static func text(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        close(descriptor)
        return String(decoding: bytes, as: UTF8.self)
    }
}
