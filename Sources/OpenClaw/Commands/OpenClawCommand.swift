import ArgumentParser
import Shared

struct OpenClawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openclaw", abstract: "Talk to the agent of this sandbox, through its gateway.",
        version: "openclaw \(ProductVersion.string) (NemoClaw)",
        subcommands: [
            AgentCommand.self, DevicesCommand.self, GatewayCommand.self, HealthCommand.self, RunCommand.self,
        ])
}
