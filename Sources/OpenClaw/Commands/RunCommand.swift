import ArgumentParser
import Shared
import SystemPackage

/// `openclaw run`: how the worker runs the agent. A request on stdin, events on stdout (`docs/wire-protocols.md`).
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the agent for the gateway.", shouldDisplay: false)

    func run() async throws {
        try await CommandRunner.run { environment in
            let writer = RunEventWriter(write: environment.output.result)
            let last = await Self.last(environment, writer)
            try writer.write(last)
            return last.kind == .completed ? 0 : 1
        }
    }

    private static func last(_ environment: CommandEnvironment, _ writer: RunEventWriter) async -> AgentRunEvent {
        do {
            let bytes = try LocalFile.readAll(.standardInput, limit: AgentLimits.request, name: "standard input")
            let request = try JSONCoding.decode(AgentRunRequest.self, from: bytes)
            return try await environment.agentLoop(emit: writer.write).run(request, stop: environment.stop)
        } catch {
            let failure = AgentFailure(error, beforeFirstByte: true)
            var event = AgentRunEvent(kind: .failed)
            event.code = failure.code
            event.message = failure.message
            return event
        }
    }
}
