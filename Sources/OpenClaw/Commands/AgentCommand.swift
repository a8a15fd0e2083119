import ArgumentParser
import Shared
import SystemPackage

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Run one turn of the agent through the gateway.",
        discussion: """
            The run goes through this sandbox's gateway. When the gateway refuses, the command says why and ends with
            an error: there is no silent embedded run. Ask for one with --local.
            """)

    @Option(help: "The agent's id, usually main.") var agent: String?
    @Option(name: .shortAndLong, help: "The message.") var message: String?
    @Option(name: .customLong("message-file"), help: "Read the message from a file; - is stdin.") var messageFile:
        String?
    @Option(name: .customLong("session-id"), help: "Continue or begin the session with this id.") var sessionId: String?
    @Option(name: .customLong("session-key"), help: "The conversation's key, as agent:main:main.")
    var sessionKey: String?
    @Option(name: .shortAndLong, help: "Recipient that selects the session.") var to: String?
    @Flag(help: "Print the final payload as JSON.") var json = false
    @Flag(help: "Run embedded in this process, without the gateway.") var local = false
    @Option(help: "Seconds the run may take; 0 for no limit.") var timeout: Int?

    func run() async throws {
        try await CommandRunner.run(json: json) { environment in
            let configuration = try environment.configuration()
            let turn = try turn(environment, configuration)
            if local { return try await LocalTurn(environment: environment, turn: turn).run() }
            return try await GatewayTurn(
                environment: environment, turn: turn, connector: try environment.connector(configuration)
            ).run()
        }
    }

    private func turn(_ environment: CommandEnvironment, _ configuration: OpenClawConfiguration) throws -> AgentTurn {
        let seconds = timeout ?? configuration.timeoutSeconds ?? AgentTurn.defaultTimeout
        guard (0...AgentLimits.longestTimeout).contains(seconds) else {
            throw NemoClawError(
                .invalidArgument, "timeout is not between 0 and \(AgentLimits.longestTimeout) seconds")
        }
        let selection = try SessionSelection.resolve(
            agent: agent, sessionId: sessionId, sessionKey: sessionKey, to: to, configuration: configuration,
            folders: environment.folders)
        return AgentTurn(
            message: try text(), selection: selection, to: to, timeoutSeconds: seconds, json: json)
    }

    private func text() throws -> String {
        let text: String
        switch (message, messageFile) {
        case (let message?, nil): text = message
        case (nil, let file?): text = try Self.read(file)
        default:
            throw NemoClawError(
                .invalidArgument, "exactly one of --message and --message-file is needed",
                hint: "Run: openclaw agent --agent main -m \"Hello\"")
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw NemoClawError(.invalidArgument, "the message is empty")
        }
        return text
    }

    private static func read(_ file: String) throws -> String {
        let bytes: [UInt8]
        if file == "-" {
            bytes = try LocalFile.readAll(.standardInput, limit: AgentLimits.messageFile, name: "standard input")
        } else if let found = try LocalFile.read(FilePath(file), limit: AgentLimits.messageFile) {
            bytes = found
        } else {
            throw NemoClawError(.notFound, "there is no file \"\(file)\"")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw NemoClawError(.invalidArgument, "message file \"\(file)\" is not UTF-8 text")
        }
        return text
    }
}
