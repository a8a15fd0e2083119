import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite(.serialized, .timeLimit(.minutes(1))) struct SessionDoorTests {
    @Test("the CLI hears ok, then talks to the worker itself")
    func session() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            try await harness.running {
                _ = try await harness.operations.onboard(try SupervisorHarness.request("alpha"))
                let socket = try TestSocket("\(folder)/session.sock")
                socket.write(frame: #"{"sandbox":"alpha"}"#)
                var frames = FrameBuffer(maximumBody: 100)
                frames.append(try await socket.readToEnd())
                #expect(try frames.next() == Array(#"{"ok":true}"#.utf8))
                #expect(try frames.next() == [0x11] + Array("hello".utf8))
                await harness.cleanUp()
            }
        }
    }

    @Test(
        "what cannot be opened is refused with a reason",
        arguments: [
            (#"{"sandbox":"beta"}"#, "not_found"), ("garbage", "protocol_violation"), ("{}", "protocol_violation"),
            (#"{"sandbox":"NO"}"#, "invalid_name"),
        ])
    func refused(frame: String, code: String) async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            try await harness.running {
                let socket = try TestSocket("\(folder)/session.sock")
                socket.write(frame: frame)
                let answer = try #require(try await socket.readFrame())
                #expect(answer.contains("\"ok\":false"))
                #expect(answer.contains(code))
            }
        }
    }

    @Test("a ticket is good once, for its sandbox, and for ten seconds")
    func tickets() throws {
        let tickets = SessionTickets()
        let (alpha, beta) = (try SandboxName("alpha"), try SandboxName("beta"))
        func end() -> Descriptor {
            var pair: [CInt] = [-1, -1]
            socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair)
            return Descriptor(owning: pair[0])
        }
        let ticket = try tickets.issue(for: alpha, client: end(), at: 0)
        #expect(throws: NemoClawError.self) { try tickets.redeem(ticket, for: beta, over: end(), at: 1) }
        try tickets.redeem(ticket, for: alpha, over: end(), at: 1)
        #expect(throws: NemoClawError.self) { try tickets.redeem(ticket, for: alpha, over: end(), at: 2) }
        let late = try tickets.issue(for: alpha, client: end(), at: 0)
        #expect(throws: NemoClawError.self) { try tickets.redeem(late, for: alpha, over: end(), at: 10_000) }
        for _ in 0..<SessionTickets.maximum { _ = try tickets.issue(for: alpha, client: end(), at: 0) }
        let error = #expect(throws: NemoClawError.self) { try tickets.issue(for: alpha, client: end(), at: 1) }
        #expect(error?.code == .busy)
        _ = try tickets.issue(for: alpha, client: end(), at: 20_000)
    }
}
