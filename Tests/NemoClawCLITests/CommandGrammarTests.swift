import Testing

@testable import NemoClawCLI

@Suite struct CommandGrammarTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let line: String
        let result: CommandGrammar.Result
        var testDescription: String { line }
        init(_ line: String, _ result: CommandGrammar.Result) {
            self.line = line
            self.result = result
        }
        init(_ line: String, _ rewritten: String, first: String? = nil) {
            self.init(line, .invocation(Invocation(CommandGrammarTests.words(rewritten), sandboxFirst: first)))
        }
    }

    static func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    @Test(
        "each form of a command line means one thing",
        arguments: [
            Row("", .help), Row("help", .help), Row("-h", .help), Row("--help", .help),
            Row("-v", .version), Row("--version", .version),
            Row("list --json", "list --json"), Row("status", "status"), Row("up", "up"), Row("down", "down"),
            Row("onboard --name a", "onboard --name a"), Row("use alpha", "use alpha"),
            Row("inference set --model m", "inference set --model m"),
            Row("approvals approve 1", "approvals approve 1"),
            Row("sandbox exec alpha -- ls", "sandbox exec alpha -- ls"),
            Row("alpha", "sandbox connect alpha", first: "alpha"),
            Row("alpha connect", "sandbox connect alpha", first: "alpha"),
            Row("alpha --probe-only", "sandbox connect alpha --probe-only", first: "alpha"),
            Row("alpha exec -- cmd -x --json", "sandbox exec alpha -- cmd -x --json", first: "alpha"),
            Row("alpha exec -- beta list", "sandbox exec alpha -- beta list", first: "alpha"),
            Row("alpha status --json", "sandbox status alpha --json", first: "alpha"),
            Row("alpha gateway-token -q", "sandbox gateway-token alpha -q", first: "alpha"),
            Row("alpha help", .unknownAction(sandbox: "alpha", action: "help")),
            Row("alpha list", .unknownAction(sandbox: "alpha", action: "list")),
            Row("alpha --", .unknownAction(sandbox: "alpha", action: "--")),
            Row("alpha --help", .help),
            Row("connect", "sandbox connect"), Row("connect alpha", "sandbox connect alpha"),
            Row("exec -- ls", "sandbox exec -- ls"), Row("logs -f", "sandbox logs -f"),
            Row("start", "sandbox start"), Row("stop", "sandbox stop"), Row("agent -m hi", "sandbox agent -m hi"),
            Row("help exec", "sandbox exec --help"), Row("help list", "list --help"),
            Row("help alpha exec", "sandbox exec alpha --help", first: "alpha"),
            Row("doctor", .unknownCommand("doctor")), Row("Alpha", .unknownCommand("Alpha")),
            Row("--bogus", .unknownCommand("--bogus")), Row("../x connect", .unknownCommand("../x")),
        ])
    func rewrite(_ row: Row) {
        #expect(CommandGrammar.rewrite(Self.words(row.line)) == row.result)
    }

    @Test("arguments with spaces and empty ones stay whole")
    func whole() {
        let result = CommandGrammar.rewrite(["alpha", "exec", "--", "sh", "-c", "echo 'a b'", ""])
        #expect(
            result
                == .invocation(
                    Invocation(
                        ["sandbox", "exec", "alpha", "--", "sh", "-c", "echo 'a b'", ""], sandboxFirst: "alpha")))
    }

    @Test("an exec without a name leaves everything after -- to the command")
    func defaultExec() throws {
        let command = try #require(try Program.parse(["sandbox", "exec", "--", "ls", "-la", "--json"]) as? ExecCommand)
        #expect(command.sandbox.name == nil)
        #expect(command.command == ["ls", "-la", "--json"])
        #expect(!command.output.json)
    }

    @Test("exec takes options before --, and a command only after it")
    func exec() throws {
        let command = try #require(
            try Program.parse(["sandbox", "exec", "alpha", "--no-tty", "--timeout", "5", "--", "ls", "--tty"])
                as? ExecCommand)
        #expect(command.sandbox.name == "alpha")
        #expect(command.terminal == false)
        #expect(command.timeout == 5)
        #expect(command.command == ["ls", "--tty"])
        #expect(throws: (any Error).self) { try Program.parse(["sandbox", "exec", "alpha"]) }
        #expect(throws: (any Error).self) {
            try Program.parse(["sandbox", "exec", "alpha", "--workdir", "x", "--", "a"])
        }
    }

    @Test("a message that begins with a hyphen cannot become an option of the agent")
    func agentArguments() throws {
        let command = try #require(
            try Program.parse(["sandbox", "agent", "alpha", "--agent", "main", "--message=--local"]) as? AgentCommand)
        #expect(command.argv() == ["openclaw", "agent", "--agent=main", "--message=--local", "--json"])
    }
}
