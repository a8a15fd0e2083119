import ArgumentParser
import Shared

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask the gateway how it is.")

    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        try await CommandRunner.run(json: json) { environment in
            let answer = try await GatewayQuery(environment: environment).ask("health", [:], scopes: ["operator.read"])
            let ok = answer["ok"]?.boolValue ?? false
            if json {
                try environment.output.print(answer)
            } else {
                let agents = (answer["agents"]?.arrayValue ?? []).compactMap { $0["agentId"]?.stringValue }
                    .map { PrintableText.line($0, limit: 64) }
                let sessions = answer["sessions"]?["count"]?.intValue.map { String($0) } ?? "?"
                try environment.output.print(
                    "Gateway: \(ok ? "ok" : "not healthy")\nAgents: \(agents.joined(separator: ", "))\n"
                        + "Sessions: \(sessions)")
            }
            return ok ? 0 : 1
        }
    }
}
