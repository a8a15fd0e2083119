import ArgumentParser
import Shared

struct UseCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "use", abstract: "Make a sandbox the default one.")
    @Argument var name: String
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let name = try SandboxName(name)
        _ = try context.client().call("PUT", "/v1/default", body: try JSONCoding.encode(["name": name.rawValue]))
        if output.json {
            try context.console.json(["defaultSandbox": name.rawValue])
        } else {
            context.console.result("Default sandbox: \(name)")
        }
        return 0
    }
}
