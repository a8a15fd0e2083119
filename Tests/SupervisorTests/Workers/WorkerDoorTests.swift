import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite(.serialized, .timeLimit(.minutes(1))) struct WorkerDoorTests {
    /// The test itself plays the worker of "alpha".
    static func admitted(_ body: @Sendable (SupervisorHarness, String) async throws -> Void) async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            harness.roster.admit(
                pid: getpid(),
                WorkerRoster.Entry(sandbox: try SandboxName("alpha"), uid: geteuid(), secret: Secret("right")))
            try await harness.running { try await body(harness, "\(folder)/worker.sock") }
        }
    }

    static func hello(secret: String = "right", sandbox: String = "alpha", version: Int = 1, fds: String = "") -> String
    {
        """
        {"type":"hello","kind":"worker","version":\(version),"sandbox":"\(sandbox)","secret":"\(secret)",
        "pid":1,"descriptors":[\(fds)]}
        """
    }

    @Test("a stranger is turned away before a byte of it is read")
    func stranger() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            try await harness.running {
                let socket = try TestSocket("\(folder)/worker.sock")
                #expect(try await socket.read() == nil)
            }
        }
    }

    @Test("a right pid with a wrong user is a stranger")
    func wrongUser() throws {
        let roster = WorkerRoster()
        roster.admit(
            pid: 7, WorkerRoster.Entry(sandbox: try SandboxName("alpha"), uid: 1, secret: Secret("right")))
        #expect(roster.entry(for: PeerCredentials(uid: 2, gid: 1, pid: 7)) == nil)
        #expect(roster.entry(for: PeerCredentials(uid: 1, gid: 1, pid: 8)) == nil)
        #expect(roster.entry(for: PeerCredentials(uid: 1, gid: 1, pid: 7)) != nil)
        #expect(WorkerRoster.matches(Secret("right"), "right"))
        #expect(!WorkerRoster.matches(Secret("right"), "right "))
        #expect(!WorkerRoster.matches(Secret("right"), ""))
    }

    @Test(
        "wrong hellos are refused with a reason",
        arguments: [
            (hello(secret: "wrong"), "forbidden"), (hello(sandbox: "beta"), "forbidden"),
            (hello(version: 2), "protocol_violation"), (hello(fds: "\"inference\""), "protocol_violation"),
            ("{}", "protocol_violation"), ("garbage", "protocol_violation"),
            (#"{"type":"tell","method":"state"}"#, "protocol_violation"),
            (
                #"{"type":"hello","kind":"session","version":1,"sandbox":"alpha","secret":"right","pid":1,"descriptors":[]}"#,
                "forbidden"
            ),
        ])
    func refused(frame: String, code: String) async throws {
        try await Self.admitted { _, path in
            let socket = try TestSocket(path)
            socket.write(frame: frame)
            let answer = try #require(try await socket.readFrame())
            #expect(answer.contains("\"type\":\"refused\""))
            #expect(answer.contains("\"code\":\"\(code)\""))
            #expect(!answer.contains("right\""))
            #expect(try await socket.read() == nil)
        }
    }

    @Test("garbage lengths and empty frames end the connection", arguments: [[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0]])
    func lengths(header: [UInt8]) async throws {
        try await Self.admitted { _, path in
            let socket = try TestSocket(path)
            socket.write(header)
            #expect(try await socket.read() == nil)
        }
    }

    @Test("a hundred peers that dawdle hold up nobody, and a half frame followed by silence costs one place")
    func slowloris() async throws {
        try await Self.admitted { _, path in
            var idle: [TestSocket] = []
            for number in 0..<100 {
                let socket = try TestSocket(path)
                if number % 2 == 0 { socket.write([0, 0, 1]) } else { socket.write([0, 0, 0, 9, 1]) }
                idle.append(socket)
            }
            let socket = try TestSocket(path)
            socket.write(frame: Self.hello(secret: "wrong"))
            #expect(try await socket.readFrame()?.contains("forbidden") == true)
            withExtendedLifetime(idle) {}
        }
    }

    @Test("a frame that comes byte by byte is read whole")
    func byteByByte() async throws {
        try await Self.admitted { _, path in
            let socket = try TestSocket(path)
            for byte in FrameBuffer.frame(Array(Self.hello(secret: "wrong").utf8)) { socket.write([byte]) }
            #expect(try await socket.readFrame()?.contains("forbidden") == true)
        }
    }
}
