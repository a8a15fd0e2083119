import Glibc
import Logging
import NIOCore
import Shared

/// All runs of a sandbox: one at a time a session, a bounded number in all. Runs outlive whoever asked for them.
/// It lives on the worker's event loop, like the gateway.
actor RunRegistry {
    enum Admission: Sendable {
        case accepted(atMs: Int64)
        case inFlight
        case finished(RunTicket, RunOutcome)
        /// Too much at once.
        case refused(String)
    }

    struct Run {
        var ticket: RunTicket
        var progress = RunProgress()
        var sequence: Int64 = 0
        var acceptedAtMs: Int64
        var startedAtMs: Int64?
        var abort: RunAbort?
        var command: (any RunningCommand)?
        /// Text that is not published yet.
        var unpublished = ""
        var lastPublishedMs: Int64 = 0
        var flush: Scheduled<Void>?
        var deadline: Scheduled<Void>?
        var isFinished = false
    }

    /// Agents at the same time: each is a process in the sandbox.
    static let maximumConcurrent = 16
    /// Runs that wait, of one session and in all.
    static let maximumQueuedPerSession = 16
    static let maximumRuns = 128
    static let maximumWaiters = 1024
    /// Time between two text events of a run.
    static let publishMilliseconds: Int64 = 150
    /// An agent that was told to end gets this before it is killed.
    static let killTime = TimeAmount.seconds(5)
    /// The agent keeps its own time; ours comes after, and bounds runs without a limit to a day.
    static let graceSeconds = 10
    static let maximumSeconds = 86_400

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let starter: any CommandStarter
    private let environment: [String]
    private let clock: WallClock
    private let logger: Logger
    private var runs: [String: Run] = [:]
    /// Waiting runs, in order of arrival.
    private var queue: [String] = []
    private var cache = RunCache()
    private var waiters: [String: [UInt64: @Sendable (RunOutcome?) -> Void]] = [:]
    private var lastWaiter: UInt64 = 0
    private var observer: @Sendable (RunUpdate) -> Void = { _ in }
    private var isStopping = false

    init(
        eventLoop: any EventLoop, starter: any CommandStarter, environment: [String], clock: WallClock, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.starter = starter
        self.environment = environment
        self.clock = clock
        self.logger = logger
    }

    /// Runs whose agent was started.
    var running: Int { runs.values.count { $0.startedAtMs != nil && !$0.isFinished } }

    func observe(_ observer: @escaping @Sendable (RunUpdate) -> Void) { self.observer = observer }

    /// Ids of runs that are under way, by session key.
    func active() -> [String: [String]] {
        let ids = runs.values.filter { !$0.isFinished }
        return Dictionary(grouping: ids, by: \.ticket.sessionKey).mapValues { $0.map(\.ticket.runId).sorted() }
    }

    func start(_ ticket: RunTicket) -> Admission {
        let now = clock.now()
        if let run = runs[ticket.runId], !run.isFinished { return .inFlight }
        if let entry = cache.entry(ticket.runId, now: now) { return .finished(entry.ticket, entry.outcome) }
        guard !isStopping, runs[ticket.runId] == nil else { return .refused("gateway is stopping; retry shortly") }
        guard runs.count < Self.maximumRuns,
            queue.count(where: { runs[$0]?.ticket.sessionKey == ticket.sessionKey }) < Self.maximumQueuedPerSession
        else { return .refused("too many runs are waiting; retry shortly") }
        runs[ticket.runId] = Run(ticket: ticket, acceptedAtMs: now)
        queue.append(ticket.runId)
        startNext()
        return .accepted(atMs: now)
    }

    /// Aborts one run or all of a session; the ids that were under way.
    func abort(sessionKey: String, runId: String?, reason: RunAbort = .rpc) -> [String] {
        let hit = runs.values.filter {
            $0.ticket.sessionKey == sessionKey && !$0.isFinished && (runId == nil || $0.ticket.runId == runId)
        }
        for run in hit { abort(run.ticket.runId, reason) }
        return hit.map(\.ticket.runId).sorted()
    }

    func abortAll() {
        isStopping = true
        for id in runs.keys.sorted() { abort(id, .shutdown) }
    }

    /// Calls `then` once: with the outcome, or with nil when the time is over. A wait does not touch the run.
    func wait(_ runId: String, milliseconds: Int64, then: @escaping @Sendable (RunOutcome?) -> Void) {
        if let entry = cache.entry(runId, now: clock.now()) { return then(entry.outcome) }
        guard milliseconds > 0, waiters.values.reduce(0, { $0 + $1.count }) < Self.maximumWaiters else {
            return then(nil)
        }
        lastWaiter += 1
        let number = lastWaiter
        waiters[runId, default: [:]][number] = then
        let time = TimeAmount.milliseconds(min(milliseconds, Int64(Self.maximumSeconds) * 1000))
        eventLoop.scheduleTask(in: time) { [weak self] in
            self?.assumeIsolated { $0.stopWaiting(runId, number) }
        }
    }

    private func stopWaiting(_ runId: String, _ number: UInt64) {
        guard let then = waiters[runId]?.removeValue(forKey: number) else { return }
        if waiters[runId]?.isEmpty == true { waiters[runId] = nil }
        then(nil)
    }

    // MARK: - From the queue to the process

    private func startNext() {
        var busy = Set(runs.values.filter { $0.startedAtMs != nil }.map(\.ticket.sessionKey))
        var started = runs.values.count { $0.startedAtMs != nil }
        for id in queue {
            guard started < Self.maximumConcurrent else { return }
            guard let run = runs[id], !busy.contains(run.ticket.sessionKey) else { continue }
            busy.insert(run.ticket.sessionKey)
            started += 1
            queue.removeAll { $0 == id }
            runs[id]?.startedAtMs = clock.now()
            Task { await execute(id) }
        }
    }

    private func execute(_ id: String) async {
        guard let run = runs[id], !run.isFinished else { return ended(id) }
        publish(id, .started(atMs: run.startedAtMs ?? run.acceptedAtMs))
        do throws(NemoClawError) {
            let process = try await AgentProcess.start(
                try JSONCoding.encode(run.ticket.request), starter: starter, environment: environment,
                eventLoop: eventLoop, logger: logger
            ) { [weak self] line in self?.assumeIsolated { $0.receive(id, line) } }
            runs[id]?.command = process.command
            if runs[id]?.abort != nil { terminate(id) } else { setDeadline(id) }
            _ = await process.command.exit()
            // What the agent wrote last may still be in the pipe; a child that keeps it open gets no more than this.
            let late = eventLoop.scheduleTask(in: .seconds(2)) { process.output.close(promise: nil) }
            try? await process.output.closeFuture.get()  // try?: the close is what matters, however it came
            late.cancel()
            process.errors.close(promise: nil)
            finish(id)
        } catch {
            logger.error("cannot start the agent", metadata: ["error.code": "\(error.code.rawValue)"])
            let now = clock.now()
            finish(
                id,
                .failed(error.code.rawValue, error.message, startedAtMs: run.startedAtMs ?? now, endedAtMs: now))
        }
        ended(id)
    }

    private func setDeadline(_ id: String) {
        guard let wanted = runs[id]?.ticket.timeoutSeconds else { return }
        let seconds = wanted == 0 ? Self.maximumSeconds : min(wanted, Self.maximumSeconds) + Self.graceSeconds
        runs[id]?.deadline = eventLoop.scheduleTask(in: .seconds(Int64(seconds))) { [weak self] in
            self?.assumeIsolated { $0.abort(id, .timeout) }
        }
    }

    private func abort(_ id: String, _ reason: RunAbort) {
        guard let run = runs[id], !run.isFinished, run.abort == nil else { return }
        runs[id]?.abort = reason
        if queue.contains(id) {
            queue.removeAll { $0 == id }
            finish(id)
            runs[id] = nil
        } else if run.command != nil {
            terminate(id)
        }
    }

    /// TERM now, KILL after `killTime`.
    private func terminate(_ id: String) {
        guard let command = runs[id]?.command else { return }
        runs[id]?.deadline?.cancel()
        Task { await command.signal(SIGTERM) }
        runs[id]?.deadline = eventLoop.scheduleTask(in: Self.killTime) { Task { await command.signal(SIGKILL) } }
    }

    private func ended(_ id: String) {
        runs[id]?.deadline?.cancel()
        runs[id]?.flush?.cancel()
        runs[id] = nil
        startNext()
    }

    // MARK: - Output

    private func receive(_ id: String, _ line: ByteBuffer?) {
        guard var run = runs[id], !run.isFinished else { return }
        let step =
            line.map { run.progress.read($0) }
            ?? .broken(code: "protocol_violation", message: "the agent wrote a line over the limit")
        runs[id]?.progress = run.progress
        switch step {
        case .nothing: break
        case .text(let text):
            runs[id]?.unpublished += text
            scheduleFlush(id)
        case .ended:
            finish(id)
            // It said its last word: it has a moment to write its files and go.
            runs[id]?.deadline?.cancel()
            let command = runs[id]?.command
            runs[id]?.deadline = eventLoop.scheduleTask(in: Self.killTime) {
                Task { await command?.signal(SIGKILL) }
            }
        case .broken(let code, let message):
            let now = clock.now()
            finish(id, .failed(code, message, startedAtMs: run.startedAtMs ?? now, endedAtMs: now))
            terminate(id)
        }
    }

    private func scheduleFlush(_ id: String) {
        guard let run = runs[id], run.flush == nil else { return }
        let wait = run.lastPublishedMs + Self.publishMilliseconds - clock.now()
        guard wait > 0 else { return flush(id) }
        runs[id]?.flush = eventLoop.scheduleTask(in: .milliseconds(min(wait, Self.publishMilliseconds))) {
            [weak self] in
            self?.assumeIsolated { $0.flush(id) }
        }
    }

    private func flush(_ id: String) {
        guard let run = runs[id] else { return }
        runs[id]?.flush?.cancel()
        runs[id]?.flush = nil
        guard !run.unpublished.isEmpty else { return }
        runs[id]?.unpublished = ""
        runs[id]?.lastPublishedMs = clock.now()
        publish(id, .text(delta: run.unpublished, whole: run.progress.whole))
    }

    private func finish(_ id: String, _ outcome: RunOutcome? = nil) {
        guard let run = runs[id], !run.isFinished else { return }
        let now = clock.now()
        let outcome =
            outcome
            ?? run.progress.outcome(startedAtMs: run.startedAtMs ?? run.acceptedAtMs, endedAtMs: now, abort: run.abort)
        flush(id)
        runs[id]?.isFinished = true
        cache.insert(run.ticket, outcome)
        publish(id, .finished(outcome))
        for then in (waiters.removeValue(forKey: id) ?? [:]).values { then(outcome) }
        logger.info(
            "run ended",
            metadata: ["run.status": "\(outcome.status.rawValue)", "run.milliseconds": "\(outcome.durationMs)"])
    }

    private func publish(_ id: String, _ kind: RunUpdate.Kind) {
        guard let run = runs[id] else { return }
        runs[id]?.sequence += 1
        observer(RunUpdate(ticket: run.ticket, sequence: run.sequence + 1, kind: kind))
    }
}
