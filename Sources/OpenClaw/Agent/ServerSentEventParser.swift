import Shared

/// Server-sent events out of a byte stream (WHATWG HTML, 9.2.6), whatever the pieces it arrives in. A value, no I/O.
struct ServerSentEventParser: Sendable {
    struct Event: Sendable, Equatable {
        /// `message` when the stream does not name it.
        var name: String
        var data: [UInt8]
    }

    /// Longest line and longest data of one event, in bytes.
    let maximumLine: Int
    private var line: [UInt8] = []
    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var afterReturn = false
    private var isFirstLine = true

    init(maximumLine: Int = AgentLimits.eventLine) {
        self.maximumLine = maximumLine
    }

    /// Events that are complete with `bytes`.
    /// - Throws: `protocol_violation` for a line or event above the limit; the stream cannot be used after that.
    mutating func append(_ bytes: some Sequence<UInt8>) throws(NemoClawError) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            defer { afterReturn = byte == 0x0d }
            switch byte {
            case 0x0a where afterReturn: continue
            case 0x0a, 0x0d:
                if let event = try endLine() { events.append(event) }
            default:
                guard line.count < maximumLine else { throw tooLong }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() throws(NemoClawError) -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = colon < line.endIndex ? line[(colon + 1)...] : []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            if hasData { data.append(0x0a) }
            guard data.count + value.count <= maximumLine else { throw tooLong }
            data.append(contentsOf: value)
            hasData = true
        case "event": name = String(decoding: value, as: UTF8.self)
        default: break
        }
        return nil
    }

    private mutating func endEvent() -> Event? {
        defer {
            name = ""
            data = []
            hasData = false
        }
        return hasData ? Event(name: name.isEmpty ? "message" : name, data: data) : nil
    }

    private var tooLong: NemoClawError {
        NemoClawError(.protocolViolation, "server-sent line is over the limit of \(maximumLine) bytes")
    }
}
