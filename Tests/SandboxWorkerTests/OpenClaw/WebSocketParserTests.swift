import NIOCore
import Testing

@testable import SandboxWorker

/// A client's frame, masked.
func clientFrame(
    _ payload: [UInt8], opcode: UInt8 = 1, final: Bool = true, mask: [UInt8] = [1, 2, 3, 4], claimed: UInt64? = nil
) -> [UInt8] {
    var frame: [UInt8] = [(final ? 0x80 : 0) | opcode]
    let length = claimed ?? UInt64(payload.count)
    switch length {
    case ...125: frame.append(0x80 | UInt8(length))
    case ...65_535: frame += [0x80 | 126, UInt8(length >> 8), UInt8(length & 0xff)]
    default: frame += [0x80 | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
    }
    return frame + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
}

@Suite struct WebSocketParserTests {
    private func parse(_ bytes: [UInt8], limit: Int = 1024, chunk: Int = Int.max) throws -> [WebSocketParser.Event] {
        var parser = WebSocketParser(maximumMessage: limit)
        var events: [WebSocketParser.Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            parser.append(ByteBuffer(bytes: rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
            while let event = try parser.next() { events.append(event) }
        }
        return events
    }

    @Test("messages come out whole, however the bytes are cut", arguments: [1, 2, 3, 7, 64, 100_000])
    func chunks(size: Int) throws {
        let long = [UInt8](repeating: 65, count: 70_000)
        let bytes =
            clientFrame(Array("he".utf8), final: false) + clientFrame([9], opcode: 9)
            + clientFrame(Array("llo".utf8), opcode: 0) + clientFrame(long, opcode: 2)
            + clientFrame([3, 232], opcode: 8)
        let events = try parse(bytes, limit: 100_000, chunk: size)
        #expect(
            events == [
                .ping(ByteBuffer(bytes: [9])), .message(ByteBuffer(string: "hello")), .message(ByteBuffer(bytes: long)),
                .close(code: 1000),
            ])
    }

    @Test("a length over the limit is refused before its bytes come", arguments: [1025, 65_536, UInt64.max, 1 << 63])
    func oversize(length: UInt64) {
        #expect(throws: WebSocketParser.Violation.tooBig) { try parse(clientFrame([], claimed: length)) }
    }

    @Test("fragments cannot add up to more than the limit")
    func fragments() {
        let part = [UInt8](repeating: 0, count: 600)
        #expect(throws: WebSocketParser.Violation.tooBig) {
            try parse(clientFrame(part, final: false) + clientFrame(part, opcode: 0))
        }
    }

    @Test(
        "breaches of the protocol are told apart from data",
        arguments: [
            [0x81, 0x01, 0x41], clientFrame([], opcode: 0), clientFrame([], opcode: 3), clientFrame([], opcode: 11),
            clientFrame([1], opcode: 9, final: false), clientFrame([UInt8](repeating: 0, count: 126), opcode: 9),
            clientFrame([1], opcode: 8), clientFrame([], final: false) + clientFrame([]), [0xc1, 0x80, 0, 0, 0, 0],
        ] as [[UInt8]])
    func breaches(bytes: [UInt8]) {
        let violation = #expect(throws: WebSocketParser.Violation.self) { try parse(bytes) }
        #expect(violation?.code == 1002)
    }

    @Test("garbage never traps")
    func garbage() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 1...300)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try? parse(bytes, chunk: 17)
        }
    }

    @Test("close reasons are cut at whole characters")
    func reasons() {
        let text = String(repeating: "é", count: 100)
        #expect(CloseReason.cut(text).utf8.count == 120)
        #expect(CloseReason.cut(String(repeating: "a", count: 119) + "é").utf8.count == 119)
    }
}
