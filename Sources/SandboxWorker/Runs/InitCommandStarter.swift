import Shared

/// Commands through init of the running sandbox.
struct InitCommandStarter: CommandStarter {
    private struct Command: RunningCommand {
        let link: InitLink
        let handle: CommandHandle

        func signal(_ number: Int32) async { link.signal(handle.id, number) }
        func exit() async -> SessionExit { await handle.exit() }
    }

    let link: InitLink

    func start(
        argv: [String], environment: [String], directory: String, stdio: [CInt]
    ) async throws(NemoClawError) -> any RunningCommand {
        let handle = try await link.start(
            argv: argv, environment: environment, directory: directory,
            stdio: (in: stdio[0], out: stdio[1], err: stdio[2]))
        return Command(link: link, handle: handle)
    }

    func startTerminal(
        argv: [String], environment: [String], directory: String, columns: UInt16, rows: UInt16
    ) async throws(NemoClawError) -> (command: any RunningCommand, master: CInt) {
        let (handle, master) = try await link.startTerminal(
            argv: argv, environment: environment, directory: directory, columns: columns, rows: rows)
        return (Command(link: link, handle: handle), master)
    }
}
