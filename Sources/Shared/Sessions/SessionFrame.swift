/// Kinds of frames between the CLI and a worker in a session; see `docs/wire-protocols.md`.
public enum SessionFrameKind: UInt8, Sendable, CaseIterable {
    case open = 0x01, input = 0x02, resize = 0x03, signal = 0x04
    case output = 0x11, errors = 0x12, exited = 0x13, failed = 0x14

    /// Longest frame body in bytes: 64 KiB and the kind.
    public static let maximumBody = 65_537
}

/// The CLI's first frame in a session.
public struct SessionRequest: Sendable, Equatable, Codable {
    public struct Terminal: Sendable, Equatable, Codable {
        public var columns: UInt16
        public var rows: UInt16
        public var name: String

        public init(columns: UInt16, rows: UInt16, name: String) {
            self.columns = columns
            self.rows = rows
            self.name = name
        }
    }

    public var argv: [String]
    public var environment: [String: String]
    public var directory: String
    public var terminal: Terminal?

    public init(
        argv: [String], environment: [String: String] = [:], directory: String = "/sandbox", terminal: Terminal? = nil
    ) {
        self.argv = argv
        self.environment = environment
        self.directory = directory
        self.terminal = terminal
    }
}

/// How a command in a sandbox ended.
public struct SessionExit: Sendable, Equatable, Codable {
    public var code: Int32?
    public var signal: Int32?

    public init(code: Int32? = nil, signal: Int32? = nil) {
        self.code = code
        self.signal = signal
    }
}
