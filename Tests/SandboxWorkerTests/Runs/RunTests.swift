import Logging
import NIOCore
import NIOPosix
import Shared
import Synchronization
import Testing

@testable import SandboxWorker

@Suite struct RunProgressTests {
    private func line(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test("lines become text and an outcome")
    func events() {
        var progress = RunProgress()
        #expect(progress.read(line(#"{"kind":"started","provider":"p","model":"m"}"#)) == .nothing)
        #expect(progress.read(line(#"{"kind":"delta","text":"he"}"#)) == .text("he"))
        #expect(progress.read(line("not json")) == .nothing)
        #expect(progress.read(line(#"{"kind":"delta","text":"y"}"#)) == .text("y"))
        #expect(progress.read(line(#"{"kind":"completed","text":"hey","stopReason":"stop"}"#)) == .ended)
        #expect(progress.read(line(#"{"kind":"delta","text":"late"}"#)) == .nothing)
        let outcome = progress.outcome(startedAtMs: 1, endedAtMs: 3, abort: nil)
        #expect(outcome.status == .ok && outcome.text == "hey" && outcome.provider == "p" && outcome.durationMs == 2)
    }

    @Test("garbage has an end, and so has text")
    func limits() {
        var progress = RunProgress()
        for _ in 0..<RunProgress.maximumGarbage { #expect(progress.read(line("x")) == .nothing) }
        guard case .broken = progress.read(line("x")) else {
            Issue.record("garbage was taken for ever")
            return
        }
        var long = RunProgress()
        let text = String(repeating: "a", count: 1_000_000)
        var last = RunProgress.Step.nothing
        for _ in 0..<6 { last = long.read(line(#"{"kind":"delta","text":"\#(text)"}"#)) }
        guard case .broken("output_too_long", _) = last else {
            Issue.record("text was taken for ever")
            return
        }
    }

    @Test("an agent that ends without a word failed; one that we ended was aborted")
    func endings() {
        let progress = RunProgress()
        #expect(progress.outcome(startedAtMs: 0, endedAtMs: 0, abort: nil).status == .error)
        let aborted = progress.outcome(startedAtMs: 0, endedAtMs: 0, abort: .rpc)
        #expect(aborted.status == .timeout && aborted.stopReason == "rpc")
    }

    @Test("lines are split wherever the bytes were cut, and have a longest length")
    func splitter() throws {
        var splitter = LineSplitter(maximumLine: 5)
        splitter.append(ByteBuffer(string: "ab\ncd"))
        #expect(try splitter.next() == ByteBuffer(string: "ab"))
        #expect(try splitter.next() == nil)
        splitter.append(ByteBuffer(string: "e\n\nrest"))
        #expect(try splitter.next() == ByteBuffer(string: "cde"))
        #expect(try splitter.next() == ByteBuffer(string: ""))
        #expect(try splitter.next() == nil)
        #expect(splitter.rest() == ByteBuffer(string: "rest"))
        splitter.append(ByteBuffer(string: "123456"))
        #expect(throws: LineSplitter.TooLong.self) { try splitter.next() }
    }

    @Test("finished runs are remembered for five minutes, within bounds")
    func cache() {
        var cache = RunCache()
        for number in 0..<1100 {
            let ticket = ticket("r\(number)")
            cache.insert(ticket, .failed("c", "m", startedAtMs: 0, endedAtMs: 0))
        }
        #expect(cache.entry("r0", now: 0) == nil && cache.entry("r1099", now: 0) != nil)
        #expect(cache.entry("r1099", now: 300_001) == nil)
    }
}

func ticket(_ id: String, session: String = "agent:main:main", timeout: Int = 600) -> RunTicket {
    RunTicket(
        runId: id, agentId: "main", sessionKey: session, sessionId: "s", message: "hi", timeoutSeconds: timeout)
}

@Suite(.timeLimit(.minutes(1))) struct RunRegistryTests {
    private func registry(_ script: String) -> RunRegistry {
        RunRegistry(
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(), starter: LocalStarter(script: script),
            environment: [], clock: WallClock(now: { 1000 }), logger: Logger(label: "test"))
    }

    private func outcome(_ registry: RunRegistry, _ id: String) async -> RunOutcome? {
        await withCheckedContinuation { continuation in
            Task { await registry.wait(id, milliseconds: 30_000) { continuation.resume(returning: $0) } }
        }
    }

    @Test("a run gets its request on stdin and its last line is the outcome")
    func run() async throws {
        let registry = registry(
            #"read line; case "$line" in *'"runId":"r1"'*) echo '{"kind":"completed","text":"ok","model":"m"}';; esac"#)
        let kinds = Mutex<[String]>([])
        await registry.observe { update in
            kinds.withLock {
                switch update.kind {
                case .started: $0.append("started")
                case .text: $0.append("text")
                case .finished: $0.append("finished")
                }
            }
        }
        guard case .accepted = await registry.start(ticket("r1")) else {
            Issue.record("not accepted")
            return
        }
        guard case .inFlight = await registry.start(ticket("r1")) else {
            Issue.record("started twice")
            return
        }
        let outcome = try #require(await outcome(registry, "r1"))
        #expect(outcome.status == .ok && outcome.text == "ok" && outcome.model == "m")
        #expect(kinds.withLock { $0 } == ["started", "finished"])
        guard case .finished(_, let again) = await registry.start(ticket("r1")) else {
            // The process may need a moment to end; until then the run is still known.
            return
        }
        #expect(again == outcome)
    }

    @Test("an agent that floods a line without an end is killed")
    func flood() async throws {
        let registry = registry("head -c 2000000 /dev/zero; sleep 100")
        _ = await registry.start(ticket("r1"))
        let outcome = try #require(await outcome(registry, "r1"))
        #expect(outcome.status == .error && outcome.errorCode == "protocol_violation")
    }

    @Test("an abort ends the process group and keeps what was said")
    func abort() async throws {
        let registry = registry(#"echo '{"kind":"delta","text":"half"}'; sleep 100"#)
        let (texts, seen) = AsyncStream.makeStream(of: String.self)
        await registry.observe { if case .text(let text, _) = $0.kind { seen.yield(text) } }
        _ = await registry.start(ticket("r1"))
        for await text in texts where text == "half" { break }
        #expect(await registry.abort(sessionKey: "agent:main:main", runId: nil) == ["r1"])
        let outcome = try #require(await outcome(registry, "r1"))
        #expect(outcome.status == .timeout && outcome.stopReason == "rpc" && outcome.text == "half")
    }

    @Test("runs of one session come one after the other; a queued one can be aborted")
    func queue() async throws {
        let registry = registry("sleep 100")
        _ = await registry.start(ticket("r1"))
        _ = await registry.start(ticket("r2"))
        _ = await registry.start(ticket("r3", session: "agent:main:other"))
        #expect(await registry.running == 2)
        #expect(await registry.abort(sessionKey: "agent:main:main", runId: "r2") == ["r2"])
        #expect(await outcome(registry, "r2")?.status == .timeout)
        await registry.abortAll()
        #expect(await outcome(registry, "r1")?.stopReason == "restart")
        guard case .refused = await registry.start(ticket("r9")) else {
            Issue.record("started while stopping")
            return
        }
    }

    @Test("a queue has an end")
    func bounded() async {
        let registry = registry("sleep 100")
        for number in 0...RunRegistry.maximumQueuedPerSession { _ = await registry.start(ticket("r\(number)")) }
        guard case .refused = await registry.start(ticket("one-more")) else {
            Issue.record("queued without bound")
            return
        }
        await registry.abortAll()
    }

    @Test("a sandbox that cannot start the agent fails the run")
    func broken() async throws {
        let registry = RunRegistry(
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(), starter: BrokenStarter(), environment: [],
            clock: WallClock(now: { 1000 }), logger: Logger(label: "test"))
        _ = await registry.start(ticket("r1"))
        let outcome = try #require(await outcome(registry, "r1"))
        #expect(outcome.status == .error && outcome.errorCode == "sandbox_failed")
    }

    @Test("a wait for nothing is over in its own time")
    func wait() async {
        let registry = registry("true")
        let outcome: RunOutcome? = await withCheckedContinuation { continuation in
            Task { await registry.wait("nothing", milliseconds: 1) { continuation.resume(returning: $0) } }
        }
        #expect(outcome == nil)
    }
}
