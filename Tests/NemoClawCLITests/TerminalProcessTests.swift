import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import NemoClawCLI

/// A shell on a real terminal, with a stub for the sandbox.
@Suite(.serialized) struct TerminalProcessTests {
    static let cooked = tcflag_t(ECHO | ICANON | ISIG)

    /// Says its size, then echoes: q ends it with 5, x breaks off.
    static func shell(_ folder: FilePath) -> StubSessionServer {
        StubSessionServer(path: "\(folder)/run/session.sock") { session in
            while let frame = try session.frame() {
                switch frame.kind {
                case .open:
                    let terminal = try JSONCoding.decode(SessionRequest.self, from: frame.body).terminal
                    let size = "\(terminal?.columns ?? 0)x\(terminal?.rows ?? 0)"
                    session.send(.output, "open \(size) \(terminal?.name ?? "-")\r\n")
                case .resize: session.send(.output, "resize \(String(decoding: frame.body, as: UTF8.self))\r\n")
                case .input where frame.body == Array("q".utf8):
                    session.send(.output, "bye\r\n")
                    return session.send(.exited, "{\"code\":5}")
                case .input where frame.body == Array("x".utf8): return
                case .input: session.send(.output, "got \(frame.body)\r\n")
                default: break
                }
            }
        }
    }

    static func connected(_ body: (Child) throws -> Void) async throws {
        try await CommandProcessTests.with { folder, _ in
            let sessions = shell(folder)
            let child = Child(["alpha"], home: folder.string, terminal: true)
            #expect(child.shows("open 100x30 xterm"))
            #expect(child.terminalFlags & cooked == 0)
            try body(child)
            #expect(child.terminalFlags & cooked == cooked)
            withExtendedLifetime(sessions) {}
        }
    }

    @Test("a shell gets the terminal's size and name, its keys raw, and its code is ours")
    func connect() async throws {
        try await Self.connected { child in
            child.type("\u{3}")
            #expect(child.shows("got [3]"))
            child.type("\u{1a}")
            #expect(child.shows("got [26]"))
            var size = winsize(ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0)
            _ = ioctl(child.master, UInt(TIOCSWINSZ), &size)
            #expect(child.shows("resize {\"columns\":120,\"rows\":40}"))
            child.type("q")
            #expect(child.finish().code == 5)
        }
    }

    @Test("the terminal is restored when the sandbox breaks off")
    func brokenOff() async throws {
        try await Self.connected { child in
            child.type("x")
            #expect(child.finish().code == 1)
        }
    }

    @Test("the terminal is restored when a signal ends us", arguments: [SIGTERM, SIGHUP])
    func signalled(_ signal: Int32) async throws {
        try await Self.connected { child in
            child.signal(signal)
            #expect(child.finish().code == 128 + signal)
        }
    }

    @Test("without a terminal Ctrl-C goes to the command, and its end is ours")
    func interruptedExec() async throws {
        try await CommandProcessTests.with { folder, _ in
            let gate = Gate()
            let sessions = StubSessionServer(path: "\(folder)/run/session.sock") { session in
                while let frame = try session.frame() {
                    if frame.kind == .open { gate.open() }
                    if frame.kind == .signal { session.send(.exited, "{\"signal\":\(frame.body.first ?? 0)}") }
                }
            }
            let child = Child(["alpha", "exec", "--", "sleep", "100"], home: folder.string)
            gate.wait()
            child.signal(SIGINT)
            #expect(child.finish().code == 130)
            withExtendedLifetime(sessions) {}
        }
    }
}
