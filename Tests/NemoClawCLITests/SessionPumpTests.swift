import Foundation
import Glibc
import Shared
import Testing

@testable import NemoClawCLI

@Suite struct SessionPumpTests {
    /// Runs a pump against `script` on the other side of a socket pair.
    static func run(
        input: Int32? = nil, limit: Int = 1 << 20, timeout: Deadline = .never,
        _ script: @escaping @Sendable (StubSession) throws -> Void
    ) throws -> (code: Int32, output: String, errors: String, isOverLimit: Bool) {
        let (near, far) = StubSocket.pair()
        Thread {
            try? script(StubSession(far))  // try?: what arrives there is judged by what the pump returns
            close(far)
        }.start()
        var pump = SessionPump(
            connection: SessionConnection(stream: UnixStream(adopting: near)), input: input,
            output: .memory(limit: limit), errors: .memory(limit: limit))
        pump.timeout = timeout
        let code = try pump.run(SessionRequest(argv: ["cmd"]))
        return (
            code, String(decoding: pump.output.bytes, as: UTF8.self),
            String(decoding: pump.errors.bytes, as: UTF8.self), pump.output.isOverLimit
        )
    }

    @Test("output, errors and the exit code come through")
    func simple() throws {
        let result = try Self.run { session in
            guard let open = try session.frame(), open.kind == .open else { return }
            let request = try JSONCoding.decode(SessionRequest.self, from: open.body)
            session.send(.output, request.argv.joined())
            session.send(.errors, "err")
            session.send(.exited, "{\"code\":7}")
        }
        #expect(result.code == 7)
        #expect(result.output == "cmd")
        #expect(result.errors == "err")
    }

    @Test("a signal is 128 and its number")
    func signalled() throws {
        #expect(try Self.run { $0.send(.exited, "{\"signal\":15}") }.code == 143)
    }

    @Test("input arrives whole and in order, then its end; output of any size comes back")
    func echo() throws {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let text = String(repeating: "0123456789abcdef", count: 40_000)
        let writeEnd = ends[1]
        Thread {
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(writeEnd, $0.baseAddress, $0.count) }
                guard count > 0 else { break }
                rest = rest.dropFirst(count)
            }
            close(writeEnd)
        }.start()
        let result = try Self.run(input: ends[0]) { session in
            while let frame = try session.frame() {
                guard frame.kind == .input else { continue }
                if frame.body.isEmpty { break }
                session.send(.output, frame.body)
            }
            session.send(.exited, "{\"code\":0}")
        }
        close(ends[0])
        #expect(result.code == 0)
        #expect(result.output == text)
    }

    @Test("more output than is kept is cut and said")
    func bounded() throws {
        let result = try Self.run(limit: 10) { session in
            session.send(.output, "0123456789abc")
            session.send(.exited, "{\"code\":0}")
        }
        #expect(result.output == "0123456789")
        #expect(result.isOverLimit)
    }

    @Test(
        "a session that breaks off, lies about lengths or sends the wrong frames is an error",
        arguments: [
            [], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 2, 0x11], FrameBuffer.frame([0x01]),
            FrameBuffer.frame([0x13] + Array("{".utf8)), FrameBuffer.frame([0x14] + Array("[]".utf8)),
            Array("HTTP/1.1 400 Bad Request".utf8),
        ] as [[UInt8]])
    func broken(_ bytes: [UInt8]) {
        #expect(throws: NemoClawError.self) { try Self.run { $0.raw(bytes) } }
    }

    @Test("a refusal of the worker is its error; an unknown kind of frame is passed over")
    func failed() {
        let error = #expect(throws: NemoClawError.self) {
            try Self.run { session in
                session.raw(FrameBuffer.frame([0x7f, 1, 2]))
                session.send(.failed, "{\"code\":\"not_found\",\"message\":\"no such folder\"}")
            }
        }
        #expect(error?.code == .notFound)
    }

    @Test("after the timeout the command gets TERM, and the code is 124")
    func timeout() throws {
        let result = try Self.run(timeout: .after(milliseconds: 20)) { session in
            while let frame = try session.frame() {
                if frame.kind == .signal, frame.body == [15] { session.send(.exited, "{\"signal\":15}") }
            }
        }
        #expect(result.code == 124)
    }
}
