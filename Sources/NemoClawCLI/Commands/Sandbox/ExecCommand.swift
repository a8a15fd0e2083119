import ArgumentParser
import Shared

struct ExecCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command in a sandbox: nemoclaw <name> exec -- <command>.",
        discussion: "Exits with the command's own code: 128 + n when signal n ended it, 124 after --timeout.")
    @OptionGroup var sandbox: SandboxArgument
    @Option(help: "Folder inside the sandbox.") var workdir = "/sandbox"
    @Flag(name: .customLong("tty"), inversion: .prefixedNo, help: "Give the command a terminal (else: if we have one).")
    var terminal: Bool?
    @Option(help: "Seconds until the command is ended.") var timeout: Int?
    @Argument(parsing: .postTerminator, help: "The command, after --.") var command: [String] = []
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    /// Longest kept output with --json, in bytes.
    private static let captureLimit = 8 << 20

    private struct Captured: Encodable {
        let exitCode: Int32
        let stdout: String
        let stderr: String
        let truncated: Bool
    }

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("no command given; use: nemoclaw <name> exec -- <command>")
        }
        guard workdir.hasPrefix("/") else { throw ValidationError("--workdir must be an absolute path") }
        guard (1...604_800).contains(timeout ?? 1) else {
            throw ValidationError("--timeout must be 1 to 604800 seconds")
        }
    }

    func execute(_ context: Context) throws -> Int32 {
        let name = try SandboxTarget.name(sandbox.name, context.client())
        guard output.json else {
            return try SandboxShell(context: context, sandbox: name).run(
                command, directory: workdir, usesTerminal: terminal ?? context.console.isInteractive, timeout: timeout)
        }
        let result = try SandboxCapture(context: context, sandbox: name, interrupts: Interrupts()).run(
            command, directory: workdir, limit: Self.captureLimit, showsErrors: false,
            timeout: timeout.map { .after(milliseconds: $0 * 1000) } ?? .never)
        try context.console.json(
            Captured(
                exitCode: result.exitCode, stdout: String(decoding: result.output, as: UTF8.self),
                stderr: String(decoding: result.errors, as: UTF8.self), truncated: result.isOverLimit))
        return result.exitCode
    }
}
