extension InitMessage {
    enum Kind: UInt8 {
        case start = 1
        case signal = 2
        case started = 3
        case failed = 4
        case exited = 5
        case shutdown = 6
    }

    static let terminalFlag: UInt8 = 1

    /// The packet.
    /// - Throws: `tooLong`, and `invalidText` for a text with a zero byte, which would end early in the C world.
    public func encoded() throws(InitMessageProblem) -> [UInt8] {
        var writer = InitMessageWriter()
        switch self {
        case .start(let command): try writer.write(command)
        case .signal(let id, let signal):
            writer.write(Kind.signal, id: id)
            writer.bytes.append(signal)
        case .started(let id, let pid):
            writer.write(Kind.started, id: id)
            writer.write(pid)
        case .failed(let id, let errno, let step):
            writer.write(Kind.failed, id: id)
            writer.write(errno)
            try writer.write(step)
        case .exited(let id, let exit):
            writer.write(Kind.exited, id: id)
            switch exit {
            case .code(let code): writer.bytes += [0, code]
            case .signal(let signal): writer.bytes += [1, signal]
            }
        case .shutdown(let grace): writer.write(Kind.shutdown, id: grace)
        }
        guard writer.bytes.count <= Self.maximumSize else { throw .tooLong }
        return writer.bytes
    }
}

/// Appends fields: integers big endian, texts and lists with a 32-bit count first.
struct InitMessageWriter {
    var bytes: [UInt8] = []

    mutating func write(_ kind: InitMessage.Kind, id: UInt32) {
        bytes.append(kind.rawValue)
        write(id)
    }

    mutating func write(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func write(_ value: UInt32) {
        write(UInt16(truncatingIfNeeded: value >> 16))
        write(UInt16(truncatingIfNeeded: value))
    }

    mutating func write(_ text: String) throws(InitMessageProblem) {
        guard let count = UInt32(exactly: text.utf8.count), count <= InitMessage.maximumSize else { throw .tooLong }
        write(count)
        for byte in text.utf8 {
            guard byte != 0 else { throw .invalidText }
            bytes.append(byte)
        }
    }

    mutating func write(_ texts: [String]) throws(InitMessageProblem) {
        guard let count = UInt32(exactly: texts.count) else { throw .tooLong }
        write(count)
        for text in texts {
            guard bytes.count <= InitMessage.maximumSize else { throw .tooLong }
            try write(text)
        }
    }

    mutating func write(_ command: InitCommand) throws(InitMessageProblem) {
        guard !command.argv.isEmpty else { throw .emptyCommand }
        write(InitMessage.Kind.start, id: command.id)
        bytes.append(command.terminal == nil ? 0 : InitMessage.terminalFlag)
        write(command.terminal?.columns ?? 0)
        write(command.terminal?.rows ?? 0)
        try write(command.directory)
        try write(command.argv)
        try write(command.environment)
    }
}
