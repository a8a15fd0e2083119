/// One packet between a worker and its init (pid 1 of the sandbox); see `docs/wire-protocols.md`.
/// Pure Swift and small on purpose: it is part of pid 1.
public enum InitMessage: Sendable, Equatable {
    /// Worker to init, with stdin, stdout and stderr as descriptors unless the command gets a terminal.
    case start(InitCommand)
    /// Worker to init: to the command's process group.
    case signal(id: UInt32, signal: UInt8)
    /// Init to worker; with a terminal its master rides along. `pid` is the one inside.
    case started(id: UInt32, pid: UInt32)
    /// Init to worker: the command was not started. `step` is in words.
    case failed(id: UInt32, errno: UInt32, step: String)
    /// Init to worker: the command ended; its id is free again.
    case exited(id: UInt32, InitExit)
    /// Worker to init: TERM to all, KILL after the grace, end.
    case shutdown(graceMilliseconds: UInt32)

    /// Longest packet in bytes, both directions.
    public static let maximumSize = 65536
    /// Descriptors on a `start` without a terminal: stdin, stdout, stderr.
    public static let standardDescriptors = 3
}

/// How a command ended.
public enum InitExit: Sendable, Equatable {
    case code(UInt8)
    case signal(UInt8)
}

/// What init starts.
public struct InitCommand: Sendable, Equatable {
    /// Chosen by the worker, unique among its running commands.
    public var id: UInt32
    /// Columns and rows of a new terminal, nil for plain descriptors.
    public var terminal: InitTerminal?
    /// Absolute path inside the sandbox.
    public var directory: String
    /// At least one; the first is looked up in the environment's `PATH`.
    public var argv: [String]
    /// `NAME=value`
    public var environment: [String]

    public init(id: UInt32, terminal: InitTerminal?, directory: String, argv: [String], environment: [String]) {
        self.id = id
        self.terminal = terminal
        self.directory = directory
        self.argv = argv
        self.environment = environment
    }
}

/// Size of a terminal in characters.
public struct InitTerminal: Sendable, Equatable {
    public var columns: UInt16
    public var rows: UInt16

    public init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }
}
