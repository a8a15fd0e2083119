import ArgumentParser
import Shared

struct UpCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Start the gateway and the sandboxes that were running.")
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let interrupts = Interrupts()
        let (gateway, started) = try SupervisorLauncher(context: context, interrupts: interrupts).ensureRunning()
        if output.json {
            let status = try JSONCoding.value(gateway)
            try context.console.json(["started": .bool(started), "gateway": status] as JSONValue)
        } else if started {
            context.console.result("Started (pid \(gateway.pid))")
            context.console.result(SandboxListText.gateway(gateway))
        } else {
            context.console.result("already running (pid \(gateway.pid))")
        }
        return 0
    }
}
