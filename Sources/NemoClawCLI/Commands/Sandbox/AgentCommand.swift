import ArgumentParser
import Shared

struct AgentCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Send a message to the sandbox's agent through its gateway.")
    @OptionGroup var sandbox: SandboxArgument
    @Option(help: "Agent, like main.") var agent: String?
    @Option(name: .customLong("session-id"), help: "Session to go on with.") var sessionId: String?
    @Option(name: .customLong("session-key"), help: "Session by its whole key.") var sessionKey: String?
    @Option(name: .customLong("to"), help: "Recipient that names the session.") var recipient: String?
    @Option(name: [.long, .customShort("m")], help: "The message.") var message: String
    @Option(help: "Seconds the run may take.") var timeout: Int?
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    /// Longest answer that is kept, as upstream: 64 MiB.
    private static let captureLimit = 64 << 20
    /// The agent's own default; the session waits a little longer so that its answer is the one that is shown.
    private static let defaultSeconds = 600
    private static let extraSeconds = 60

    func validate() throws {
        guard (1...86_400).contains(timeout ?? 1) else { throw ValidationError("--timeout must be 1 to 86400 seconds") }
    }

    func execute(_ context: Context) throws -> Int32 {
        guard agent != nil || sessionId != nil || sessionKey != nil || recipient != nil else {
            throw NemoClawError(
                .invalidArgument, "no target given for the message",
                hint: "Add --agent main, --session-id, --session-key or --to")
        }
        let name = try SandboxTarget.name(sandbox.name, context.client())
        let seconds = (timeout ?? Self.defaultSeconds) + Self.extraSeconds
        let result = try SandboxCapture(context: context, sandbox: name, interrupts: Interrupts()).run(
            argv(), limit: Self.captureLimit, showsErrors: true, timeout: .after(milliseconds: seconds * 1000))
        guard !result.isOverLimit else {
            throw NemoClawError(.protocolViolation, "the agent's answer is longer than \(Self.captureLimit) bytes")
        }
        return try report(result, context.console)
    }

    func argv() -> [String] {
        var words = ["openclaw", "agent"]
        let options = [
            ("--agent", agent), ("--session-id", sessionId), ("--session-key", sessionKey), ("--to", recipient),
            ("--timeout", timeout.map(String.init)), ("--message", message),
        ]
        // One word an option, so that a message that begins with a hyphen stays a message.
        for case (let option, let value?) in options { words.append("\(option)=\(value)") }
        return words + ["--json"]
    }

    private func report(_ result: SandboxCapture.Result, _ console: Console) throws -> Int32 {
        let text = String(decoding: result.output, as: UTF8.self)
        guard result.exitCode == 0 else {
            if output.json { Console.write(text, to: console.output) }
            return result.exitCode
        }
        let reply = try AgentReply(json: result.output)
        if output.json {
            Console.write(text, to: console.output)
        } else {
            for line in reply.texts { console.result(line) }
        }
        if let problem = reply.problem {
            console.note("nemoclaw: \(Printable.line(problem))")
            return 1
        }
        return 0
    }
}
