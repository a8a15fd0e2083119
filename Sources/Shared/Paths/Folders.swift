#if canImport(Glibc)
    import Glibc
#endif

/// Where state, sockets and configuration live; the rules stand in `docs/wire-protocols.md`.
public struct Folders: Sendable, Equatable {
    public let state: String
    public let run: String
    public let config: String

    public init(state: String, run: String, config: String) {
        self.state = state
        self.run = run
        self.config = config
    }

    /// - Parameter environment: the process environment, passed in so that tests can.
    /// - Throws: `invalid_argument` when no home folder is known or a folder is not absolute.
    public init(environment: [String: String], effectiveUser: UInt32) throws(NemoClawError) {
        func folder(_ variable: String) throws(NemoClawError) -> String? {
            guard let value = environment[variable], !value.isEmpty else { return nil }
            guard value.hasPrefix("/") else {
                throw NemoClawError(.invalidArgument, "\(variable) is \"\(value)\", which is not an absolute path")
            }
            return value.hasSuffix("/") && value.count > 1 ? String(value.dropLast()) : value
        }
        if let home = try folder("NEMOCLAW_HOME") {
            self.init(state: "\(home)/state", run: "\(home)/run", config: "\(home)/config")
        } else if effectiveUser == 0 {
            self.init(state: "/var/lib/nemoclaw", run: "/run/nemoclaw", config: "/etc/nemoclaw")
        } else {
            guard let home = try folder("HOME") else {
                throw NemoClawError(.invalidArgument, "no home folder is known", hint: "Set NEMOCLAW_HOME or HOME")
            }
            let state = (try folder("XDG_STATE_HOME") ?? "\(home)/.local/state") + "/nemoclaw"
            self.init(
                state: state, run: try folder("XDG_RUNTIME_DIR").map { "\($0)/nemoclaw" } ?? "\(state)/run",
                config: (try folder("XDG_CONFIG_HOME") ?? "\(home)/.config") + "/nemoclaw")
        }
    }

    public var controlSocket: String { "\(run)/control.sock" }
    public var workerSocket: String { "\(run)/worker.sock" }
    public var sessionSocket: String { "\(run)/session.sock" }
    public var supervisorPid: String { "\(run)/supervisor.pid" }
}
