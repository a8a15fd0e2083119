import Shared

/// Starts commands in the sandbox. In production this is init behind its socket pair.
protocol CommandStarter: Sendable {
    /// - Parameter stdio: stdin, stdout, stderr of the command; the caller keeps them and closes them after.
    func start(
        argv: [String], environment: [String], directory: String, stdio: [CInt]
    ) async throws(NemoClawError) -> any RunningCommand

    /// The caller owns `master`.
    func startTerminal(
        argv: [String], environment: [String], directory: String, columns: UInt16, rows: UInt16
    ) async throws(NemoClawError) -> (command: any RunningCommand, master: CInt)
}

/// A command in the sandbox, with everything in its process group.
protocol RunningCommand: Sendable {
    func signal(_ number: Int32) async
    /// Returns once it ended; when init is gone, at once.
    func exit() async -> SessionExit
}
