import ArgumentParser
import Shared

struct DownCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop the gateway and all sandboxes; `up` starts them again.")
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let interrupts = Interrupts()
        let stopped = try SupervisorLauncher(context: context, interrupts: interrupts).shutDown()
        if output.json {
            try context.console.json(["stopped": stopped])
        } else {
            context.console.result(stopped ? "Stopped" : "not running")
        }
        return 0
    }
}
