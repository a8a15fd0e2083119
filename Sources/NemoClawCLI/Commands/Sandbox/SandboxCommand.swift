import ArgumentParser
import Shared

/// The noun form that every per-sandbox command line is rewritten to.
struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Commands on one sandbox: nemoclaw <name> <action>.",
        subcommands: [
            SandboxStatusCommand.self, ConnectCommand.self, ExecCommand.self, AgentCommand.self, LogsCommand.self,
            StartCommand.self, StopCommand.self, RestartCommand.self, DestroyCommand.self, GatewayTokenCommand.self,
        ])
}

/// The sandbox a command is for.
struct SandboxArgument: ParsableArguments {
    @Argument(help: "Sandbox (else the default one).")
    var name: String?
}
