import Glibc
import Shared

/// Runs a command in a sandbox, connected to this program's own descriptors.
struct SandboxShell {
    let context: Context
    let sandbox: SandboxName

    /// Signals a session handles: those that end it, those it passes on, those of a terminal.
    private static let signals = Interrupts.ending + [SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT]

    /// - Parameter timeout: seconds after which the command gets TERM; nil: none.
    /// - Returns: the command's exit code.
    func run(_ argv: [String], directory: String, usesTerminal: Bool, timeout: Int?) throws -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let console = context.console
        let interrupts = Interrupts(Self.signals)
        let connection = try SessionConnection.open(
            socket: context.folders.sessionSocket, sandbox: sandbox, interrupts: interrupts)
        var pump = SessionPump(
            connection: connection, input: console.input, output: .descriptor(console.output),
            errors: .descriptor(console.errors))
        pump.interrupts = interrupts
        if let timeout { pump.timeout = .after(milliseconds: timeout * 1000) }
        var request = SessionRequest(argv: argv, environment: environment(usesTerminal), directory: directory)
        if usesTerminal {
            let size = TerminalMode.size(of: console.output) ?? TerminalMode.size(of: console.input) ?? (80, 24)
            request.terminal = SessionRequest.Terminal(
                columns: size.columns, rows: size.rows, name: context.variable("TERM") ?? "xterm")
            pump.terminal = isatty(console.output) == 1 ? console.output : console.input
            // Last, so that nothing that fails before leaves a raw terminal; its deinit restores on every way out.
            pump.mode = TerminalMode(console.input, .raw)
        }
        defer { pump.mode?.restore() }
        return try pump.run(request)
    }

    /// Of this program's environment only what says how to show text.
    private func environment(_ usesTerminal: Bool) -> [String: String] {
        guard usesTerminal else { return [:] }
        return context.environment.filter { ["LANG", "COLORTERM", "NO_COLOR"].contains($0.key) }
    }
}
