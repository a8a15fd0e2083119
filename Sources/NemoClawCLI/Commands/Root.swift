import ArgumentParser
import Shared

struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nemoclaw", abstract: "OpenClaw sandboxes on one shared inference gateway.",
        subcommands: [
            UpCommand.self, DownCommand.self, OnboardCommand.self, ListCommand.self, StatusCommand.self,
            UseCommand.self, InferenceCommand.self, ApprovalsCommand.self, SandboxCommand.self,
        ])
}
