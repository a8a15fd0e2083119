import ArgumentParser
import Shared

struct DestroyCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy", abstract: "Stop a sandbox and delete its data.")
    // Named, always: a default must not be what is deleted.
    @Argument(help: "Sandbox.") var name: String
    @Flag(name: [.long, .customShort("y")], help: "Do not ask.") var yes = false
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let interrupts = Interrupts()
        let client = context.client(interrupts)
        let name = try SandboxName(name)
        if !yes && !context.isOn("NEMOCLAW_YES") {
            guard context.console.isInteractive, !output.json else {
                throw NemoClawError(
                    .invalidArgument, "destroying sandbox \"\(name)\" deletes its data and nobody can be asked",
                    hint: "Run `nemoclaw \(name) destroy --yes`")
            }
            _ = try client.sandbox(name)
            let prompt = Prompt(console: context.console, interrupts: interrupts)
            guard try prompt.confirm("Destroy sandbox '\(name)' and all its data?") else {
                context.console.note("Nothing was changed.")
                return 1
            }
        }
        _ = try client.call("DELETE", "/v1/sandboxes/\(name)", milliseconds: ControlClient.changeMilliseconds)
        if output.json {
            try context.console.json(["destroyed": name.rawValue])
        } else {
            context.console.result("Sandbox '\(name)' destroyed")
        }
        return 0
    }
}
