import Shared
import Testing

@testable import NemoClawCLI

@Suite struct HTTPResponseParserTests {
    static func parse(_ text: String, piece: Int = 1 << 20) throws -> HTTPResponse {
        var parser = HTTPResponseParser()
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + piece)
            if let response = try parser.append(Array(bytes[start..<end])) { return response }
            start = end
        }
        return try parser.end()
    }

    @Test(
        "an answer is the same however its bytes arrive", arguments: [1, 2, 7, 4096],
        [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length:5\r\n\r\nhello",
            "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        ])
    func whole(_ piece: Int, _ text: String) throws {
        #expect(try Self.parse(text, piece: piece) == HTTPResponse(status: 200, body: Array("hello".utf8)))
    }

    @Test("no content has no body")
    func noContent() throws {
        #expect(try Self.parse("HTTP/1.1 204 No Content\r\n\r\n") == HTTPResponse(status: 204, body: []))
    }

    @Test(
        "what is not HTTP, is cut short or contradicts itself is refused",
        arguments: [
            "", "garbage\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        ])
    func refused(_ text: String) {
        #expect(throws: NemoClawError.self) { try Self.parse(text) }
    }

    @Test("a head, a body or trailers without end are given up at the limit")
    func bounded() {
        let line = "X: " + String(repeating: "a", count: 1000) + "\r\n"
        #expect(throws: NemoClawError.self) {
            try Self.parse("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 100), piece: 8192)
        }
        #expect(throws: NemoClawError.self) {
            try Self.parse(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + String(repeating: line, count: 100),
                piece: 8192)
        }
        let chunk = "100000\r\n" + String(repeating: "a", count: 1 << 20) + "\r\n"
        #expect(throws: NemoClawError.self) {
            try Self.parse(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 17),
                piece: 1 << 20)
        }
    }
}
