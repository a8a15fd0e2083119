import Glibc
import Logging
import NIOPosix
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import SandboxWorker

/// The CLI's end of a session. Unchecked: a test uses it from one place at a time.
final class SessionClient: @unchecked Sendable {
    let descriptor: CInt
    private var frames = FrameBuffer(maximumBody: SessionFrameKind.maximumBody)

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ kind: SessionFrameKind, _ body: [UInt8]) {
        let frame = FrameBuffer.frame([kind.rawValue] + body)
        var sent = 0
        while sent < frame.count {
            let count = Glibc.send(descriptor, Array(frame[sent...]), frame.count - sent, CInt(MSG_NOSIGNAL))
            guard count > 0 else { return }
            sent += count
        }
    }

    func open(_ request: SessionRequest) throws { send(.open, try JSONCoding.encode(request)) }

    /// nil: the worker closed.
    func receive() async throws -> (SessionFrameKind, [UInt8])? { try await blocking { try self.readFrame() } }

    private func readFrame() throws -> (SessionFrameKind, [UInt8])? {
        while true {
            if let body = try frames.next(), let kind = body.first.flatMap(SessionFrameKind.init) {
                return (kind, Array(body.dropFirst()))
            }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return nil }
            frames.append(bytes[..<count])
        }
    }

    /// Everything until the end: stdout, stderr, and the last frame.
    func finish() async throws -> (output: String, errors: String, last: SessionFrameKind?, body: [UInt8]) {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var last: (SessionFrameKind, [UInt8])?
        while let (kind, body) = try await receive() {
            switch kind {
            case .output: output += body
            case .errors: errors += body
            default: last = (kind, body)
            }
        }
        return (
            String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self), last?.0, last?.1 ?? []
        )
    }
}

@Suite(.timeLimit(.minutes(1))) struct CommandSessionTests {
    private func session(_ starter: any CommandStarter = LocalStarter()) async throws -> SessionClient {
        var pair: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0, &pair) == 0 else {
            throw TestClient.Closed()
        }
        let session = CommandSession(
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(), starter: starter, port: 1,
            logger: Logger(label: "test")
        ) {}
        try await session.serve(pair[1])
        return SessionClient(pair[0])
    }

    private func shell(_ script: String) -> SessionRequest { SessionRequest(argv: ["/bin/sh", "-c", script]) }

    @Test("output, errors and the exit code come back")
    func command() async throws {
        let client = try await session()
        try client.open(shell("echo out; echo err >&2; exit 3"))
        let end = try await client.finish()
        #expect(end.output == "out\n" && end.errors == "err\n" && end.last == .exited)
        #expect(try JSONCoding.decode(SessionExit.self, from: end.body) == SessionExit(code: 3))
    }

    @Test("input sent at once reaches the command, all of it, and its end too")
    func input() async throws {
        let client = try await session()
        try client.open(shell("wc -c"))
        try await blocking { for _ in 0..<64 { client.send(.input, [UInt8](repeating: 65, count: 65_536)) } }
        client.send(.input, [])
        #expect(try await client.finish().output.filter { !$0.isWhitespace } == "4194304")
    }

    @Test("a command that writes faster than the CLI reads loses nothing")
    func output() async throws {
        let client = try await session()
        try client.open(shell("head -c 8000000 /dev/zero"))
        let end = try await client.finish()
        #expect(end.output.utf8.count == 8_000_000 && end.last == .exited)
    }

    @Test("signals reach the process group; the ending signal is told")
    func signals() async throws {
        let client = try await session()
        try client.open(shell("echo go; sleep 100"))
        #expect(try await client.receive()?.0 == .output)
        client.send(.signal, [UInt8(SIGTERM)])
        let end = try await client.finish()
        #expect(try JSONCoding.decode(SessionExit.self, from: end.body) == SessionExit(signal: SIGTERM))
    }

    @Test("a terminal has the size that was asked for, and takes a new one")
    func terminal() async throws {
        let client = try await session()
        try client.open(
            SessionRequest(
                argv: ["/bin/sh", "-c", "stty size; read line; stty size"],
                terminal: .init(columns: 81, rows: 25, name: "xterm")))
        var text = ""
        while !text.contains("25 81") { text += String(decoding: try await client.receive()?.1 ?? [], as: UTF8.self) }
        client.send(.resize, Array(#"{"columns":100,"rows":40}"#.utf8))
        client.send(.input, Array("\n".utf8))
        let end = try await client.finish()
        #expect(end.output.contains("40 100") && end.last == .exited)
    }

    @Test("a CLI that hangs up ends the whole process group")
    func hangUp() async throws {
        try await TestFolder.with { path in
            let fifo = path.string + "/alive"
            mkfifo(fifo, 0o600)
            do {
                let client = try await session()
                try client.open(shell("exec 3>\(fifo); echo go >&3; trap '' HUP; sleep 100"))
                let reader = try await blocking { open(fifo, O_RDONLY | O_CLOEXEC) }
                defer { close(reader) }
                #expect(try await count(reader) == 3)
                shutdown(client.descriptor, CInt(SHUT_RDWR))
                // The end of file comes once nobody in the group is left, although they ignore HUP.
                #expect(try await count(reader) == 0)
            }
        }
    }

    private func count(_ descriptor: CInt) async throws -> Int {
        try await blocking {
            var bytes = [UInt8](repeating: 0, count: 3)
            return read(descriptor, &bytes, 3)
        }
    }

    @Test("what is out of order or garbage ends the session with its reason")
    func garbage() async throws {
        for frame in [[0x02, 65], [0x01, 65], [0x7f], [], [0x13]] as [[UInt8]] {
            let client = try await session()
            let bytes = FrameBuffer.frame(frame)
            _ = Glibc.send(client.descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
            #expect(try await client.finish().last == .failed)
        }
        let client = try await session()
        _ = Glibc.send(client.descriptor, [0xff, 0xff, 0xff, 0xff] as [UInt8], 4, CInt(MSG_NOSIGNAL))
        let end = try await client.finish()
        #expect(try JSONCoding.decode(NemoClawError.self, from: end.body).code == .protocolViolation)
    }

    @Test("a command that cannot start says why")
    func broken() async throws {
        let client = try await session(BrokenStarter())
        try client.open(shell("true"))
        let end = try await client.finish()
        #expect(end.last == .failed)
        #expect(try JSONCoding.decode(NemoClawError.self, from: end.body).message == "no init")
    }
}

@Suite struct SessionStateMachineTests {
    @Test("every frame has its time")
    func order() throws {
        var machine = SessionStateMachine()
        let open = [UInt8(0x01)] + (try JSONCoding.encode(SessionRequest(argv: ["a"])))
        #expect(throws: NemoClawError.self) {
            var fresh = SessionStateMachine(); _ = try fresh.frame([0x02])
        }
        guard case .start = try machine.frame(open) else {
            Issue.record("not started")
            return
        }
        #expect(machine.isStarting)
        #expect(throws: NemoClawError.self) {
            var copy = machine; _ = try copy.frame(open)
        }
        machine.started()
        #expect(try machine.frame([0x02, 1]) == .input([1]))
        #expect(try machine.frame([0x04, 15]) == .signal(15))
        #expect(throws: NemoClawError.self) {
            var copy = machine; _ = try copy.frame([0x04, 9])
        }
        #expect(throws: NemoClawError.self) {
            var copy = machine; _ = try copy.frame([0x04, 19])
        }
        #expect(try machine.frame([0x03] + Array(#"{"columns":1,"rows":1}"#.utf8)) == .ignore)
        #expect(try machine.frame([0x02]) == .endOfInput)
        #expect(try machine.frame([0x02, 1]) == .ignore)
        machine.ended()
        #expect(try machine.frame([0x02, 1]) == .ignore)
    }

    @Test(
        "requests that no command can be made of are refused",
        arguments: [
            SessionRequest(argv: ["a\0b"]), SessionRequest(argv: ["a"], environment: ["A=B": "c"]),
            SessionRequest(argv: ["a"], directory: "relative"),
        ])
    func requests(request: SessionRequest) throws {
        let frame = [UInt8(0x01)] + (try JSONCoding.encode(request))
        var machine = SessionStateMachine()
        #expect(throws: NemoClawError.self) { try machine.frame(frame) }
    }
}
