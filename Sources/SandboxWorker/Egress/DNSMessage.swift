import NIOCore

/// One DNS query and the answer to it (RFC 1035). Inside a sandbox two names exist; everything else does not. A value.
struct DNSMessage {
    enum Code: UInt16 { case noError = 0, formatError = 1, notImplemented = 4, nameError = 3, refused = 5 }

    /// Longest query: a name of 255 bytes with header and room for EDNS options.
    static let maximumQuery = 1232
    private static let headerBytes = 12
    private static let timeToLive: UInt32 = 60

    /// The answer to `query`; nil: so broken, or an answer itself, that silence is right.
    static func answer(to query: ByteBuffer) -> ByteBuffer? {
        guard query.readableBytes <= maximumQuery else { return nil }
        var reader = query
        guard let id: UInt16 = reader.readInteger(), let flags: UInt16 = reader.readInteger(),
            let questions: UInt16 = reader.readInteger(), let answers: UInt16 = reader.readInteger(),
            let authorities: UInt16 = reader.readInteger(), let _: UInt16 = reader.readInteger()
        else { return nil }
        guard flags & 0x8000 == 0 else { return nil }  // never answer an answer: two servers would talk for ever
        let opcode = (flags >> 11) & 0xf
        guard opcode == 0 else { return header(id, flags, .notImplemented, questions: 0, answers: 0) }
        guard questions == 1, answers == 0, authorities == 0, let name = readName(&reader),
            let type: UInt16 = reader.readInteger(), let kind: UInt16 = reader.readInteger()
        else { return header(id, flags, .formatError, questions: 0, answers: 0) }
        let questionBytes = query.readableBytes - headerBytes - reader.readableBytes
        guard let question = query.getSlice(at: query.readerIndex + headerBytes, length: questionBytes) else {
            return nil
        }
        let known = kind == 1 ? addresses[name] : nil
        let isAddress = type == 1
        let hasAnswer = known != nil && isAddress
        var reply = header(
            id, flags, known == nil ? .nameError : .noError, questions: 1, answers: hasAnswer ? 1 : 0)
        reply.writeImmutableBuffer(question)
        if let known, hasAnswer {
            reply.writeInteger(UInt16(0xc00c))  // the name of the question
            reply.writeInteger(UInt16(1))
            reply.writeInteger(UInt16(1))
            reply.writeInteger(timeToLive)
            reply.writeInteger(UInt16(4))
            reply.writeBytes(known)
        }
        return reply
    }

    private static let addresses: [String: [UInt8]] = [
        "inference.local": [127, 0, 0, 2], "localhost": [127, 0, 0, 1],
    ]

    private static func header(
        _ id: UInt16, _ flags: UInt16, _ code: Code, questions: UInt16, answers: UInt16
    ) -> ByteBuffer {
        var reply = ByteBuffer()
        reply.reserveCapacity(512)
        reply.writeInteger(id)
        // Answer, authoritative, recursion desired as asked, recursion available.
        reply.writeInteger(0x8480 | (flags & 0x7900) | code.rawValue)
        reply.writeInteger(questions)
        reply.writeInteger(answers)
        reply.writeInteger(UInt32(0))
        return reply
    }

    /// The question's name, lower-cased. Compression has no place in the first name of a message.
    private static func readName(_ reader: inout ByteBuffer) -> String? {
        var labels: [String] = []
        var total = 0
        while let length: UInt8 = reader.readInteger() {
            if length == 0 { return labels.joined(separator: ".") }
            total += Int(length) + 1
            guard length <= 63, total <= 254, let bytes = reader.readBytes(length: Int(length)) else { return nil }
            let lowered = bytes.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 }
            // A dot inside a label must not make two labels of it.
            guard !lowered.contains(0x2e) else { return nil }
            labels.append(String(decoding: lowered, as: UTF8.self))
        }
        return nil
    }
}
