import ArgumentParser
import Shared

struct ConnectCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "connect", abstract: "Open a shell in a sandbox.")
    @OptionGroup var sandbox: SandboxArgument
    @Flag(name: .customLong("probe-only"), help: "Only say whether a shell could be opened.") var probeOnly = false
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    /// Not a login shell: `/etc/profile` of some systems sets PATH anew, and `openclaw` would be gone from it.
    static let shell = ["/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh"]

    func execute(_ context: Context) throws -> Int32 {
        let client = context.client()
        let name = try SandboxTarget.name(sandbox.name, client)
        if probeOnly || output.json {
            let status = try client.sandbox(name)
            if output.json {
                try context.console.json(status)
            } else {
                context.console.result("\(name): \(status.state.rawValue)")
            }
            return status.state == .ready ? 0 : 1
        }
        return try SandboxShell(context: context, sandbox: name).run(
            Self.shell, directory: "/sandbox", usesTerminal: context.console.isInteractive, timeout: nil)
    }
}

/// The sandbox a session is for, when it can have one.
enum SandboxTarget {
    static func name(_ text: String?, _ client: ControlClient) throws -> SandboxName {
        let status = try client.sandbox(try client.resolve(text))
        switch status.state {
        case .stopped, .stopping:
            throw NemoClawError(
                .notRunning, "sandbox \"\(status.name)\" is \(status.state.rawValue)",
                hint: "Run `nemoclaw \(status.name) start`")
        case .failed:
            throw NemoClawError(
                .sandboxFailed, "sandbox \"\(status.name)\" failed" + (status.reason.map { ": \($0)" } ?? ""),
                hint: "Run `nemoclaw \(status.name) restart`")
        case .provisioning, .starting, .ready: return status.name
        }
    }
}
