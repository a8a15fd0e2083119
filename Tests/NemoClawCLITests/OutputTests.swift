import Shared
import Testing

@testable import NemoClawCLI

@Suite struct OutputTests {
    static let console = Console(output: -1, errors: -1, input: -1, environment: [:])

    @Test("list looks like issue 4263's sample")
    func list() throws {
        #expect(
            SandboxListText.lines(try Samples.list(), console: Self.console) == [
                "Sandboxes:",
                "  ollama-resume      (qwen2.5:32b)             :18789  ready",
                "    Inference:       ollama-local / qwen2.5:32b",
                "    Connected:       no",
                "  prachi-gemini *    (gemini-2.5-flash-lite)   :18790  ready",
                "    Inference:       gemini-api / gemini-2.5-flash-lite",
                "    Connected:       no",
                "",
                "Gateway:  running  https://127.0.0.1:8080  pid 4711  cert 01234567",
            ])
    }

    @Test("an empty list says how to begin")
    func empty() {
        let list = SandboxList(defaultSandbox: nil, sandboxes: [], gateway: Samples.gateway)
        #expect(
            SandboxListText.lines(list, console: Self.console).first
                == "No sandboxes registered. Run `nemoclaw onboard` to get started.")
    }

    @Test("probed routes, connections and reasons are shown")
    func details() throws {
        var sandbox = try Samples.sandbox("alpha", state: .failed)
        sandbox.reason = "worker died"
        sandbox.connections = 2
        sandbox.inference = .unreachable
        sandbox.inferenceDetail = "connection refused"
        let list = SandboxList(defaultSandbox: nil, sandboxes: [sandbox], gateway: Samples.gateway)
        let lines = SandboxListText.lines(list, console: Self.console)
        #expect(lines[1].hasSuffix(":18789  failed"))
        #expect(lines[2] == "    Reason:          worker died")
        #expect(lines[3] == "    Inference:       ollama-local / qwen2.5:32b  (unreachable: connection refused)")
        #expect(lines[4] == "    Connected:       yes (2 connections)")
    }

    @Test("one sandbox's status has upstream's keys")
    func status() throws {
        let sandbox = try Samples.sandbox("alpha", isDefault: true, state: .stopped)
        let lines = SandboxStatusText.lines(sandbox, console: Self.console)
        #expect(lines[0] == "  Sandbox:     alpha (default)")
        #expect(lines[1] == "  Phase:       Stopped")
        let json = try SandboxStatusText.json(sandbox, gatewayState: "running")
        #expect(json["schemaVersion"]?.intValue == 1)
        #expect(json["found"] == true)
        #expect(json["phase"] == "Stopped")
        #expect(json["recordedRoute"]?["model"] == "qwen2.5:32b")
        #expect(json["inferenceHealth"]?["ok"]?.isNull == true)
        #expect(json["routeDrift"]?["canConnect"] == false)
    }

    @Test("control characters of others never reach the terminal")
    func hostile() throws {
        let model = "a\u{1b}[2Jb\u{202e}c\u{9b}d\u{7f}\n"
        #expect(Printable.line(model) == "a?[2Jb?c?d??")
        let lines = SandboxListText.lines(
            SandboxList(
                defaultSandbox: nil, sandboxes: [try Samples.sandbox("alpha", model: model)], gateway: Samples.gateway),
            console: Self.console)
        #expect(!lines.joined().unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x9b })
        let approval = ApprovalText.lines(["requestId": "r", "displayName": "x\u{1b}]0;y", "scopes": ["a", 1]])
        #expect(!approval.joined().contains("\u{1b}"))
        #expect(approval.contains("    Asks for:        -: a"))
    }

    @Test("following a log shows each line once")
    func logTail() {
        #expect(LogTail.newLines(before: ["a", "b", "c"], now: ["b", "c", "d"]) == ["d"])
        #expect(LogTail.newLines(before: ["a", "a"], now: ["a", "a", "a"]) == ["a"])
        #expect(LogTail.newLines(before: [], now: ["a"]) == ["a"])
        #expect(LogTail.newLines(before: ["a"], now: ["a"]) == [])
        #expect(LogTail.newLines(before: ["a"], now: ["x", "y"]) == ["x", "y"])
    }

    @Test("colours need a terminal")
    func colours() {
        #expect(!Console(output: -1, environment: ["TERM": "xterm"]).colours)
    }
}
