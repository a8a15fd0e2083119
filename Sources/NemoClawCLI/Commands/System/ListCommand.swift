import ArgumentParser
import Shared

struct ListCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show all sandboxes.")
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let list = try context.client().sandboxes(probe: false)
        if output.json {
            try context.console.json(list)
        } else {
            context.console.result(SandboxListText.lines(list, console: context.console).joined(separator: "\n"))
        }
        return 0
    }
}
