import ArgumentParser
import Shared

struct StatusCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show sandboxes, their routes (probed) and the gateway.")
    @OptionGroup var output: OutputOptions
    @Flag(name: .customLong("no-probe"), help: "Do not ask the providers.")
    var noProbe = false
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        do {
            let list = try context.client().sandboxes(probe: !noProbe)
            if output.json {
                try context.console.json(list)
            } else {
                context.console.result(SandboxListText.lines(list, console: context.console).joined(separator: "\n"))
            }
            return list.gateway.state == "running" ? 0 : 1
        } catch let error as NemoClawError {
            try down(error, context.console)
            return 1
        }
    }

    private func down(_ error: NemoClawError, _ console: Console) throws {
        guard output.json else {
            console.result("gateway: down [\(error.code.rawValue)] (\(Printable.line(error.message)))")
            if let hint = error.hint { console.note("  \(Printable.line(hint))") }
            return
        }
        let failure = try JSONCoding.value(error)
        let gateway: JSONValue = ["state": "down", "error": failure]
        try console.json(["schemaVersion": 1, "gateway": gateway, "sandboxes": []] as JSONValue)
    }
}
