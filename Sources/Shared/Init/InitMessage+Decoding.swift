extension InitMessage {
    /// A whole packet, nothing more and nothing less.
    public init(packet: ArraySlice<UInt8>) throws(InitMessageProblem) {
        guard packet.count <= Self.maximumSize else { throw .tooLong }
        var reader = InitMessageReader(rest: packet)
        guard let kind = Kind(rawValue: try reader.byte()) else { throw .unknownKind }
        let id = try reader.integer()
        switch kind {
        case .start: self = .start(try reader.command(id: id))
        case .signal: self = .signal(id: id, signal: try reader.byte())
        case .started: self = .started(id: id, pid: try reader.integer())
        case .failed: self = .failed(id: id, errno: try reader.integer(), step: try reader.text())
        case .exited: self = .exited(id: id, try reader.exit())
        case .shutdown: self = .shutdown(graceMilliseconds: id)
        }
        guard reader.rest.isEmpty else { throw .trailingBytes }
    }

    /// The id in a `start` packet whose rest may be wrong, so that it can be answered.
    public static func startIdentifier(packet: ArraySlice<UInt8>) -> UInt32? {
        var reader = InitMessageReader(rest: packet)
        guard let kind = try? reader.byte(), kind == Kind.start.rawValue else { return nil }  // try?: too short, no id
        return try? reader.integer()  // try?: too short, no id
    }
}

/// Takes fields off the front of a packet.
struct InitMessageReader {
    var rest: ArraySlice<UInt8>

    mutating func byte() throws(InitMessageProblem) -> UInt8 {
        guard let byte = rest.popFirst() else { throw .truncated }
        return byte
    }

    mutating func short() throws(InitMessageProblem) -> UInt16 {
        UInt16(try byte()) << 8 | UInt16(try byte())
    }

    mutating func integer() throws(InitMessageProblem) -> UInt32 {
        UInt32(try short()) << 16 | UInt32(try short())
    }

    mutating func text() throws(InitMessageProblem) -> String {
        let count = Int(try integer())
        guard count <= rest.count else { throw .truncated }
        let bytes = rest.prefix(count)
        rest = rest.dropFirst(count)
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { throw .invalidText }
        return text
    }

    mutating func texts() throws(InitMessageProblem) -> [String] {
        let count = Int(try integer())
        // Each text has at least its own length, so a false count cannot make us reserve or loop much.
        guard count <= rest.count / 4 else { throw .truncated }
        var texts: [String] = []
        for _ in 0..<count { texts.append(try text()) }
        return texts
    }

    mutating func exit() throws(InitMessageProblem) -> InitExit {
        switch try byte() {
        case 0: .code(try byte())
        case 1: .signal(try byte())
        default: throw .unknownKind
        }
    }

    mutating func command(id: UInt32) throws(InitMessageProblem) -> InitCommand {
        let flags = try byte()
        guard flags & ~InitMessage.terminalFlag == 0 else { throw .unknownFlags }
        let size = InitTerminal(columns: try short(), rows: try short())
        let command = InitCommand(
            id: id, terminal: flags & InitMessage.terminalFlag == 0 ? nil : size, directory: try text(),
            argv: try texts(), environment: try texts())
        guard !command.argv.isEmpty else { throw .emptyCommand }
        return command
    }
}
