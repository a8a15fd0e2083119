import NIOCore
import NIOPosix
import Shared
import SystemPackage
import Testing
import TestSupport

@testable import OpenClaw

@Suite("Agent loop")
struct AgentLoopTests {
    private struct Outcome: Sendable {
        var last: AgentRunEvent
        var events: [AgentRunEvent]
        var requests: [String]
        var transcript: [JSONValue]
        var index: [String: JSONValue]
    }

    /// One run against a model that gives `answers`, the last one for ever.
    private func run(
        _ answers: [StubModel.Answer], timeout: Int = 60, stop: StopRequest = StopRequest(), home: FilePath,
        onEvent: @escaping @Sendable (AgentRunEvent) throws -> Void = { _ in }
    ) async throws -> Outcome {
        let (requests, events) = (Log<String>(), Log<AgentRunEvent>())
        return try await StubServer.with({ connection in
            StubModel(answers[min(connection, answers.count - 1)], requests: requests)
        }) { port, group in
            let scene = try Scene(home: home, group: group, model: port)
            var call = ModelCall(client: try scene.environment.httpClient())
            call.backoff = [.milliseconds(1), .milliseconds(1), .milliseconds(1)]
            let loop = AgentLoop(call: call, folders: scene.environment.folders, cwd: "/w") { event in
                events.add(event)
                try onEvent(event)
            }
            let request = AgentRunRequest(
                runId: "r", agentId: "main", sessionKey: "agent:main:explicit:debug", sessionId: "debug",
                message: "question", timeoutSeconds: timeout)
            let last = await loop.run(request, stop: stop)
            let folder = scene.environment.folders.sessions(agent: "main")
            let lines = try LocalFile.read(folder.appending("debug.jsonl"), limit: 1 << 20) ?? []
            return Outcome(
                last: last, events: events.all, requests: requests.all,
                transcript: try lines.split(separator: 0x0a).map { try JSONCoding.decode(JSONValue.self, from: $0) },
                index: try SessionIndex(folder: folder).load())
        }
    }

    private func messages(_ request: String) throws -> [ChatMessage] {
        let body = try #require(request.firstRange(of: "\r\n\r\n")).upperBound
        let json = try JSONCoding.decode(JSONValue.self, from: request[body...].utf8)
        #expect(json["model"] == "inference/default")
        #expect(json["stream"] == true)
        #expect(json["stream_options"] == ["include_usage": true])
        return try JSONCoding.decode([ChatMessage].self, from: try #require(json["messages"]))
    }

    @Test("a streamed answer becomes events, a transcript and an entry in sessions.json")
    func answer() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let outcome = try await run([.hello], home: home)
            #expect(outcome.events.map(\.kind) == [.started, .delta, .delta])
            #expect(outcome.last.kind == .completed)
            #expect(outcome.last.text == "Hello")
            #expect(outcome.last.provider == "ollama-local")
            #expect(outcome.last.model == "m1")
            #expect(outcome.last.stopReason == "stop")
            #expect(outcome.last.usage == TokenUsage(input: 6, output: 3, cacheRead: 4, cacheWrite: 0, total: 13))
            #expect(outcome.transcript.count == 4)
            #expect(outcome.transcript.last?["message"]?["provider"] == "ollama-local")
            let entry = outcome.index["agent:main:explicit:debug"]
            #expect(entry?["sessionId"] == "debug")
            #expect(entry?["totalTokens"] == 13)
            #expect(try messages(outcome.requests[0]).map(\.role) == [.system, .user])
        }
    }

    @Test("earlier turns are sent along")
    func memory() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            _ = try await run([.hello], home: home)
            let outcome = try await run([.hello], home: home)
            #expect(try messages(outcome.requests[0]).dropFirst().map(\.content) == ["question", "Hello", "question"])
        }
    }

    @Test("a model that answers whole instead of streaming is understood")
    func notStreamed() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let body =
                "{\"model\":\"m2\",\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"length\"}]}"
            let outcome = try await run(
                [.whole("200 OK", body, headers: "x-nemoclaw-model: other\r\n")], home: home)
            #expect(outcome.last.text == "Hi")
            #expect(outcome.last.model == "m2")
            #expect(outcome.last.stopReason == "length")
        }
    }

    @Test("a provider's refusal is told in its own words, bounded and without control characters")
    func providerError() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let text = "no\\u001b[31m quota\\n" + String(repeating: "x", count: 5000)
            let outcome = try await run([.whole("429 Too Many", "{\"error\":{\"message\":\"\(text)\"}}")], home: home)
            #expect(outcome.last.kind == .failed)
            #expect(outcome.last.code == "rate_limited")
            let message = try #require(outcome.last.message)
            #expect(message.hasPrefix("the model's provider answered 429: no [31m quota xxx"))
            #expect(message.count < 600)
            #expect(outcome.requests.count == 1)
            #expect(outcome.transcript.last?["message"]?["stopReason"] == "error")
            let next = try await run([.hello], home: home)
            #expect(try messages(next.requests[0]).count == 2, "a question that only met an error is not asked again")
        }
    }

    @Test("502 and 503 before the first byte are tried again, at most three times")
    func retries() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let busy = StubModel.Answer.whole("503 Busy", "{}")
            let well = try await run([busy, busy, .hello], home: home)
            #expect(well.last.text == "Hello")
            #expect(well.requests.count == 3)
            let never = try await run([busy], home: home)
            #expect(never.last.kind == .failed)
            #expect(never.requests.count == 4)
        }
    }

    @Test("a stream that breaks off is a failure, and what came is kept")
    func brokenOff() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let outcome = try await run([.stream([StubModel.Answer.delta("Hel")])], home: home)
            #expect(outcome.last.kind == .failed)
            #expect(outcome.last.code == "stream_interrupted")
            #expect(outcome.requests.count == 1, "never tried again after the first byte")
            #expect(outcome.transcript.last?["message"]?["content"] == [["type": "text", "text": "Hel"]])
        }
    }

    @Test("TERM in the middle keeps the partial answer")
    func aborted() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let stop = StopRequest()
            let outcome = try await run(
                [.stream([StubModel.Answer.delta("Hel")], hangs: true)], stop: stop, home: home
            ) { if $0.kind == .delta { stop.send(15) } }
            #expect(outcome.last.kind == .completed)
            #expect(outcome.last.stopReason == "aborted")
            #expect(outcome.last.text == "Hel")
            #expect(outcome.transcript.last?["message"]?["stopReason"] == "aborted")
            #expect(outcome.transcript.last?["message"]?["content"] == [["type": "text", "text": "Hel"]])
        }
    }

    @Test("the time limit ends a run that hangs, with what came")
    func timeout() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let hanging = StubModel.Answer.stream([StubModel.Answer.delta("Hel")], hangs: true)
            let outcome = try await run([hanging], timeout: 1, home: home)
            #expect(outcome.last.stopReason == "timeout")
            #expect(outcome.last.text == "Hel")
        }
    }

    @Test("nobody reading the events ends the run like TERM")
    func readerGone() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let outcome = try await run([.hello], home: home) { if $0.kind == .delta { throw EventSinkClosed() } }
            #expect(outcome.last.stopReason == "aborted")
            #expect(outcome.transcript.last?["message"]?["stopReason"] == "aborted")
        }
    }

    @Test("--local says embedded and gives OpenClaw's JSON at the root")
    func local() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            try await StubServer.with({ _ in StubModel(.hello, requests: Log()) }) { port, group in
                let scene = try Scene(home: home, group: group, model: port)
                #expect(await scene.agent(local: true) == 0)
                #expect(scene.stdout == "Hello\n")
                #expect(scene.stderr.contains("transport: embedded  model: m1"))
                let json = try Scene(home: home, group: group, model: port)
                #expect(await json.agent(json: true, local: true) == 0)
                let report = try JSONCoding.decode(JSONValue.self, from: json.stdout.utf8)
                #expect(report["payloads"]?.arrayValue?.first?["text"] == "Hello")
                #expect(report["meta"]?["transport"] == "embedded")
            }
        }
    }
}
