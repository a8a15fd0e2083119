import Shared

/// An HTTP/1.1 answer out of bytes, for a connection that carries one exchange. A value, no I/O.
struct HTTPResponseParser {
    /// Longest head (status line and headers) and longest body, in bytes.
    static let maximumHead = 65_536
    static let maximumBody = 16 << 20

    private enum Body: Equatable {
        case length(Int)
        case untilEnd
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers
    }

    private enum State: Equatable {
        case head
        case body(status: Int, Body)
        case complete(HTTPResponse)
    }

    private var state = State.head
    private var buffer: [UInt8] = []
    private var position = 0
    private var collected: [UInt8] = []
    private var headBytes = 0

    /// Takes bytes; the answer when it is whole.
    /// - Throws: `protocol_violation` for anything that is not HTTP/1.1 or is over a limit.
    mutating func append(_ bytes: [UInt8]) throws(NemoClawError) -> HTTPResponse? {
        buffer.append(contentsOf: bytes)
        while try step() {}
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        return complete
    }

    /// The stream ended.
    mutating func end() throws(NemoClawError) -> HTTPResponse {
        if let complete { return complete }
        if case .body(let status, .untilEnd) = state { return HTTPResponse(status: status, body: collected) }
        throw Self.violation("it ended in the middle")
    }

    private var complete: HTTPResponse? { if case .complete(let response) = state { response } else { nil } }

    /// One step; false when more bytes are needed or nothing is left to do.
    private mutating func step() throws(NemoClawError) -> Bool {
        switch state {
        case .complete: return false
        case .head: return try readHead()
        case .body(let status, let body): return try readBody(status, body)
        }
    }

    private mutating func readHead() throws(NemoClawError) -> Bool {
        guard let statusLine = try peekHead() else { return false }
        let parts = statusLine.lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0", parts[1].utf8.count == 3,
            let status = Int(parts[1]), status >= 100
        else { throw Self.violation("its first line is not HTTP") }
        position += statusLine.length
        if status < 200 { return true }
        let framing = try Self.framing(of: statusLine.lines.dropFirst(), status: status)
        if framing == .length(0) {
            state = .complete(HTTPResponse(status: status, body: []))
        } else {
            state = .body(status: status, framing)
        }
        return true
    }

    /// The head's lines and its length with the empty line, nil when it is not whole.
    private func peekHead() throws(NemoClawError) -> (lines: [String], length: Int)? {
        var lines: [String] = []
        var start = position
        var index = position
        while index < buffer.count {
            guard index - position <= Self.maximumHead else { throw Self.violation("its head is too long") }
            if buffer[index] == UInt8(ascii: "\n") {
                var end = index
                if end > start && buffer[end - 1] == UInt8(ascii: "\r") { end -= 1 }
                if end == start {
                    guard !lines.isEmpty else { throw Self.violation("its first line is empty") }
                    return (lines, index + 1 - position)
                }
                lines.append(String(decoding: buffer[start..<end], as: UTF8.self))
                start = index + 1
            }
            index += 1
        }
        return nil
    }

    private static func framing(of headers: ArraySlice<String>, status: Int) throws(NemoClawError) -> Body {
        var length: Int?
        var chunked = false
        for header in headers {
            guard let colon = header.firstIndex(of: ":") else { throw violation("a header has no colon") }
            let value = trimmed(header[header.index(after: colon)...])
            switch header[..<colon].lowercased() {
            case "content-length":
                guard !value.isEmpty, value.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(value),
                    length == nil || length == number
                else { throw violation("its length is not a number") }
                length = number
            case "transfer-encoding":
                guard value.lowercased() == "chunked" else { throw violation("its encoding is not known") }
                chunked = true
            default: break
            }
        }
        guard !(chunked && length != nil) else { throw violation("it has two lengths") }
        if status == 204 || status == 304 { return .length(0) }
        if chunked { return .chunkSize }
        guard let length else { return .untilEnd }
        guard length <= maximumBody else { throw violation("it is over the limit of \(maximumBody) bytes") }
        return .length(length)
    }

    private mutating func readBody(_ status: Int, _ body: Body) throws(NemoClawError) -> Bool {
        switch body {
        case .length(let wanted):
            try take(wanted - collected.count)
            guard collected.count == wanted else { return false }
            state = .complete(HTTPResponse(status: status, body: collected))
        case .untilEnd:
            try take(buffer.count - position)
            return false
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            let text = Self.trimmed(line.prefix { $0 != ";" })
            guard (1...8).contains(text.utf8.count), let size = Int(text, radix: 16), size >= 0 else {
                throw Self.violation("a chunk has no size")
            }
            state = .body(status: status, size == 0 ? .trailers : .chunk(size))
        case .chunk(let left):
            let before = collected.count
            try take(left)
            let rest = left - (collected.count - before)
            state = .body(status: status, rest == 0 ? .chunkEnd : .chunk(rest))
            return rest == 0
        case .chunkEnd:
            guard let line = try takeLine() else { return false }
            guard line.isEmpty else { throw Self.violation("a chunk is longer than it says") }
            state = .body(status: status, .chunkSize)
        case .trailers:
            guard let line = try takeLine() else { return false }
            headBytes += line.utf8.count
            guard headBytes <= Self.maximumHead else { throw Self.violation("its trailers are too long") }
            if line.isEmpty { state = .complete(HTTPResponse(status: status, body: collected)) }
        }
        return true
    }

    /// Moves up to `count` bytes into the body.
    private mutating func take(_ count: Int) throws(NemoClawError) {
        let taken = min(count, buffer.count - position)
        guard collected.count + taken <= Self.maximumBody else {
            throw Self.violation("it is over the limit of \(Self.maximumBody) bytes")
        }
        collected.append(contentsOf: buffer[position..<position + taken])
        position += taken
    }

    private mutating func takeLine() throws(NemoClawError) -> String? {
        guard let newline = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) else {
            guard buffer.count - position <= 1024 else { throw Self.violation("a chunk's line is too long") }
            return nil
        }
        var end = newline
        if end > position && buffer[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        defer { position = newline + 1 }
        return String(decoding: buffer[position..<end], as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> String {
        let front = text.drop { $0 == " " || $0 == "\t" }
        let back = front.reversed().drop { $0 == " " || $0 == "\t" }
        return String(back.reversed())
    }

    private static func violation(_ why: String) -> NemoClawError {
        NemoClawError(.protocolViolation, "cannot read the supervisor's answer: \(why)")
    }
}
