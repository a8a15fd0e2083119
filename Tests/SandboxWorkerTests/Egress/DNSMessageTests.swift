import NIOCore
import Testing

@testable import SandboxWorker

@Suite struct DNSMessageTests {
    private func query(_ name: String, type: UInt16 = 1, flags: UInt16 = 0x0100, extra: [UInt8] = []) -> ByteBuffer {
        var buffer = ByteBuffer()
        for field in [0x1234, flags, 1, 0, 0, extra.isEmpty ? 0 : 1] as [UInt16] { buffer.writeInteger(field) }
        for label in name.split(separator: ".") {
            buffer.writeInteger(UInt8(label.utf8.count))
            buffer.writeString(String(label))
        }
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(type)
        buffer.writeInteger(UInt16(1))
        buffer.writeBytes(extra)
        return buffer
    }

    private func code(_ answer: ByteBuffer) -> UInt16? {
        answer.getInteger(at: answer.readerIndex + 2, as: UInt16.self).map { $0 & 0xf }
    }

    private func answers(_ answer: ByteBuffer) -> UInt16? { answer.getInteger(at: answer.readerIndex + 6) }

    @Test(
        "two names exist, in any case",
        arguments: [
            ("inference.local", [127, 0, 0, 2]), ("INFERENCE.Local", [127, 0, 0, 2]), ("localhost", [127, 0, 0, 1]),
        ] as [(String, [UInt8])])
    func known(name: String, address: [UInt8]) throws {
        let answer = try #require(DNSMessage.answer(to: query(name, extra: [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0])))
        #expect(code(answer) == 0 && answers(answer) == 1)
        #expect(Array(answer.readableBytesView.suffix(4)) == address)
        #expect(answer.getInteger(at: 0, as: UInt16.self) == 0x1234)
    }

    @Test("a known name has no IPv6 address, and that is no error")
    func sixth() throws {
        let answer = try #require(DNSMessage.answer(to: query("inference.local", type: 28)))
        #expect(code(answer) == 0 && answers(answer) == 0)
    }

    @Test("everything else does not exist", arguments: ["example.com", "local", "x.inference.local", ""])
    func unknown(name: String) throws {
        let answer = try #require(DNSMessage.answer(to: query(name)))
        #expect(code(answer) == 3 && answers(answer) == 0)
    }

    @Test("a dot inside a label does not make a known name of it")
    func dot() throws {
        var buffer = ByteBuffer()
        for field in [1, 0x0100, 1, 0, 0, 0] as [UInt16] { buffer.writeInteger(field) }
        buffer.writeInteger(UInt8(15))
        buffer.writeString("inference.local")
        buffer.writeBytes([0, 0, 1, 0, 1])
        #expect(DNSMessage.answer(to: buffer).flatMap(code) == 1)
    }

    @Test("an answer is never answered, nor a stump, nor something too long")
    func silent() {
        #expect(DNSMessage.answer(to: query("localhost", flags: 0x8180)) == nil)
        #expect(DNSMessage.answer(to: ByteBuffer(bytes: [1, 2, 3])) == nil)
        #expect(DNSMessage.answer(to: ByteBuffer(repeating: 0, count: 1233)) == nil)
    }

    @Test("compression, endless labels and cut queries are format errors")
    func broken() throws {
        let whole = query("inference.local")
        for length in 12..<whole.readableBytes {
            let cut = try #require(whole.getSlice(at: 0, length: length))
            #expect(DNSMessage.answer(to: cut).flatMap(code) == 1)
        }
        var loop = ByteBuffer()
        for field in [1, 0x0100, 1, 0, 0, 0] as [UInt16] { loop.writeInteger(field) }
        loop.writeBytes([0xc0, 0x0c, 0, 1, 0, 1])
        #expect(DNSMessage.answer(to: loop).flatMap(code) == 1)
    }

    @Test("garbage never traps")
    func garbage() {
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...200)).map { _ in UInt8.random(in: 0...255) }
            _ = DNSMessage.answer(to: ByteBuffer(bytes: bytes))
        }
    }
}
