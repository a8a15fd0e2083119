import NIOCore

/// Server side of RFC 6455 framing, as a value: bytes in, whole messages out. Extensions are not offered, so reserved
/// bits are an error; frames of a client must be masked.
struct WebSocketParser {
    enum Event: Equatable {
        /// A whole text or binary message; the gateway reads both as UTF-8 text.
        case message(ByteBuffer)
        case ping(ByteBuffer)
        case pong
        case close(code: UInt16?)
    }

    /// A breach of the protocol: close with this code.
    struct Violation: Error, Equatable {
        let code: UInt16
        let reason: String

        static func protocolError(_ reason: String) -> Violation { Violation(code: 1002, reason: reason) }
        static let tooBig = Violation(code: 1009, reason: "message too big")
    }

    private struct Payload {
        var opcode: UInt8
        var final: Bool
        var remaining: Int
        var mask: (UInt8, UInt8, UInt8, UInt8)
        var offset = 0
    }

    /// Longest message in bytes, over all its fragments.
    var maximumMessage: Int

    private var buffer = ByteBuffer()
    private var payload: Payload?
    private var message = ByteBuffer()
    private var control = ByteBuffer()
    private var fragmented = false

    init(maximumMessage: Int) {
        self.maximumMessage = maximumMessage
    }

    /// Bytes held for unfinished frames and messages.
    var buffered: Int { buffer.readableBytes + message.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            var bytes = bytes
            buffer.discardReadBytes()
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next event, nil when more bytes are needed. After a throw the stream cannot be used.
    mutating func next() throws(Violation) -> Event? {
        while true {
            if payload == nil {
                guard let started = try readHeader() else { return nil }
                payload = started
            }
            guard let frame = readPayload() else { return nil }
            payload = nil
            if let event = try finish(frame) { return event }
        }
    }

    private mutating func readHeader() throws(Violation) -> Payload? {
        let start = buffer.readerIndex
        guard let first: UInt8 = buffer.getInteger(at: start), let second: UInt8 = buffer.getInteger(at: start + 1)
        else { return nil }
        guard first & 0x70 == 0 else { throw .protocolError("reserved bits are set") }
        guard second & 0x80 != 0 else { throw .protocolError("frame is not masked") }
        let opcode = first & 0x0f
        let final = first & 0x80 != 0
        try check(opcode: opcode, final: final, shortLength: second & 0x7f)
        guard let (length, header) = try length(second & 0x7f, at: start + 2) else { return nil }
        guard let mask = buffer.getBytes(at: header, length: 4) else { return nil }
        let limit = maximumMessage - (opcode & 0x8 == 0 ? message.readableBytes : 0)
        guard length <= limit else { throw .tooBig }
        buffer.moveReaderIndex(to: header + 4)
        return Payload(opcode: opcode, final: final, remaining: length, mask: (mask[0], mask[1], mask[2], mask[3]))
    }

    private func check(opcode: UInt8, final: Bool, shortLength: UInt8) throws(Violation) {
        switch opcode {
        case 0x0: guard fragmented else { throw .protocolError("continuation without a message") }
        case 0x1, 0x2: guard !fragmented else { throw .protocolError("message inside a fragmented message") }
        case 0x8, 0x9, 0xa:
            guard final, shortLength <= 125 else { throw .protocolError("control frame is fragmented or too long") }
        default: throw .protocolError("unknown opcode")
        }
    }

    private func length(_ short: UInt8, at index: Int) throws(Violation) -> (Int, Int)? {
        switch short {
        case 126:
            guard let value: UInt16 = buffer.getInteger(at: index) else { return nil }
            return (Int(value), index + 2)
        case 127:
            guard let value: UInt64 = buffer.getInteger(at: index) else { return nil }
            guard value <= UInt64(maximumMessage) else { throw .tooBig }
            return (Int(value), index + 8)
        default: return (Int(short), index)
        }
    }

    /// Moves what is there into the message; the frame's description once it is whole.
    private mutating func readPayload() -> Payload? {
        guard var frame = payload else { return nil }
        let count = min(frame.remaining, buffer.readableBytes)
        if count > 0, var slice = buffer.readSlice(length: count) {
            let mask = [frame.mask.0, frame.mask.1, frame.mask.2, frame.mask.3]
            let offset = frame.offset
            slice.withUnsafeMutableReadableBytes { bytes in
                for index in bytes.indices { bytes[index] ^= mask[(offset + index) & 3] }
            }
            if frame.opcode & 0x8 == 0 { message.writeBuffer(&slice) } else { control.writeBuffer(&slice) }
            frame.remaining -= count
            frame.offset += count
            payload = frame
        }
        return frame.remaining == 0 ? frame : nil
    }

    private mutating func finish(_ frame: Payload) throws(Violation) -> Event? {
        switch frame.opcode {
        case 0x8:
            defer { control = ByteBuffer() }
            guard control.readableBytes != 1 else { throw .protocolError("close frame of one byte") }
            return .close(code: control.readInteger())
        case 0x9:
            defer { control = ByteBuffer() }
            return .ping(control)
        case 0xa:
            control = ByteBuffer()
            return .pong
        default:
            fragmented = !frame.final
            guard frame.final else { return nil }
            defer { message = ByteBuffer() }
            return .message(message)
        }
    }
}

/// Frames of the server: never masked, never fragmented.
enum WebSocketWriter {
    static func text(_ payload: ByteBuffer) -> ByteBuffer { frame(0x1, payload) }
    static func pong(_ payload: ByteBuffer) -> ByteBuffer { frame(0xa, payload) }

    /// - Parameter reason: cut to 120 bytes of whole characters, as clients expect.
    static func close(code: UInt16, reason: String) -> ByteBuffer {
        var payload = ByteBuffer()
        payload.writeInteger(code)
        payload.writeString(CloseReason.cut(reason))
        return frame(0x8, payload)
    }

    private static func frame(_ opcode: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(payload.readableBytes + 10)
        result.writeInteger(0x80 | opcode)
        switch payload.readableBytes {
        case ...125: result.writeInteger(UInt8(payload.readableBytes))
        case ...65_535:
            result.writeInteger(UInt8(126))
            result.writeInteger(UInt16(payload.readableBytes))
        default:
            result.writeInteger(UInt8(127))
            result.writeInteger(UInt64(payload.readableBytes))
        }
        result.writeImmutableBuffer(payload)
        return result
    }
}

/// Text of a close frame.
enum CloseReason {
    /// Longest reason in UTF-8 bytes.
    static let maximumBytes = 120

    static func cut(_ text: String) -> String {
        var count = 0
        var result = ""
        for character in text {
            count += character.utf8.count
            guard count <= maximumBytes else { break }
            result.append(character)
        }
        return result
    }
}
