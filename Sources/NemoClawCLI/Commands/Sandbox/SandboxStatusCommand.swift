import ArgumentParser
import Shared

struct SandboxStatusCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show one sandbox.")
    @OptionGroup var sandbox: SandboxArgument
    @Flag(name: .customLong("no-probe"), help: "Do not ask the provider.")
    var noProbe = false
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let client = context.client()
        let status = try client.sandbox(try client.resolve(sandbox.name), probe: !noProbe)
        if output.json {
            try context.console.json(
                try SandboxStatusText.json(status, gatewayState: try client.gateway().state))
        } else {
            let lines = SandboxStatusText.lines(status, console: context.console)
            context.console.result(lines.joined(separator: "\n"))
        }
        return 0
    }
}
