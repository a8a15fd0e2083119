import ArgumentParser
import Shared

struct GatewayTokenCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway-token", abstract: "Print the token for the sandbox's dashboard and clients.")
    @OptionGroup var sandbox: SandboxArgument
    @Flag(name: [.long, .customShort("q")], help: "No caution on stderr.") var quiet = false
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    private struct Answer: Decodable {
        let token: String
    }

    func execute(_ context: Context) throws -> Int32 {
        let client = context.client()
        let name = try client.resolve(sandbox.name)
        let answer = try client.call("GET", "/v1/sandboxes/\(name)/gateway-token", as: Answer.self)
        if output.json {
            try context.console.json(["sandbox": name.rawValue, "token": answer.token])
        } else {
            context.console.result(answer.token)
        }
        if !quiet {
            context.console.note("Caution: who has this token can use sandbox '\(name)'. Do not share or log it.")
        }
        return 0
    }
}
