/// Length-prefixed frames out of a byte stream: 4 bytes length (big endian), then the body. A value, no I/O.
public struct FrameBuffer: Sendable {
    /// Longest body in bytes.
    public let maximumBody: Int
    private var bytes: [UInt8] = []
    private var start = 0

    public init(maximumBody: Int) {
        self.maximumBody = maximumBody
    }

    /// Bytes that wait for the rest of their frame.
    public var buffered: Int { bytes.count - start }

    public mutating func append(_ new: some Collection<UInt8>) {
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.count <= 65536)
            start = 0
        } else if start > 65536 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: new)
    }

    /// The next whole frame's body, nil when more bytes are needed.
    /// - Throws: `protocol_violation` for a length above the limit; the stream cannot be used after that.
    public mutating func next() throws(NemoClawError) -> [UInt8]? {
        guard buffered >= 4 else { return nil }
        let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= maximumBody else {
            throw NemoClawError(.protocolViolation, "frame of \(length) bytes is over the limit of \(maximumBody)")
        }
        guard buffered >= 4 + length else { return nil }
        let body = Array(bytes[start + 4..<start + 4 + length])
        start += 4 + length
        return body
    }

    /// A frame around `body`.
    public static func frame(_ body: some Collection<UInt8>) -> [UInt8] {
        let length = UInt32(truncatingIfNeeded: body.count)
        return [
            UInt8(truncatingIfNeeded: length >> 24), UInt8(truncatingIfNeeded: length >> 16),
            UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length),
        ] + body
    }
}
