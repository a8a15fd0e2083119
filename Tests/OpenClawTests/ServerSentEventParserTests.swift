import Shared
import Testing

@testable import OpenClaw

@Suite("Server-sent events")
struct ServerSentEventParserTests {
    private let stream =
        "\u{feff}: hello\r\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:one\ndata: two\n\rdata\n\nid: 7\n\ndata: [DÖNE]\r\r"
    private let expected: [(String, String)] = [
        ("message", "{\"a\":1}"), ("x", "one\ntwo"), ("message", ""), ("message", "[DÖNE]"),
    ]

    @Test("the same events come out wherever the stream is split")
    func everySplit() throws {
        let bytes = Array(stream.utf8)
        for cut in 0...bytes.count {
            var parser = ServerSentEventParser()
            let events = try parser.append(bytes[..<cut]) + parser.append(bytes[cut...])
            #expect(events.map(\.name) == expected.map(\.0), "cut at \(cut)")
            #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == expected.map(\.1), "cut at \(cut)")
        }
    }

    @Test("byte for byte is the same too")
    func bytewise() throws {
        var parser = ServerSentEventParser()
        var events: [ServerSentEventParser.Event] = []
        for byte in stream.utf8 { events += try parser.append([byte]) }
        #expect(events.count == expected.count)
    }

    @Test("an endless line is refused at the limit")
    func endlessLine() throws {
        var parser = ServerSentEventParser(maximumLine: 100)
        _ = try parser.append([UInt8](repeating: 0x61, count: 100))
        #expect(throws: NemoClawError.self) { _ = try parser.append([0x61]) }
    }

    @Test("an endless event of short lines is refused at the limit")
    func endlessEvent() throws {
        var parser = ServerSentEventParser(maximumLine: 100)
        #expect(throws: NemoClawError.self) {
            for _ in 0..<100 { _ = try parser.append(Array("data: abcdefgh\n".utf8)) }
        }
    }
}
