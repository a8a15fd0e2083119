import Glibc
import Logging
import NIOCore
import ServiceLifecycle
import Shared

/// Runs the state machines of all sandboxes: starts workers, hears them end, restarts, adopts and stops them.
actor Lifecycle {
    enum Input: Sendable {
        case exited(SandboxName, pid: Int32, WorkerExit)
        case deadline(SandboxName, epoch: UInt64)
    }

    nonisolated let environment: LifecycleEnvironment
    var entries: [SandboxName: LifecycleEntry] = [:]
    /// Grows with each change of any state; those who wait for one look again.
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter: UInt64 = 0
    let inputs: AsyncStream<Input>
    private let continuation: AsyncStream<Input>.Continuation

    init(environment: LifecycleEnvironment) {
        self.environment = environment
        // Unbounded by policy, bounded in fact: one exit a process and one deadline a state.
        (inputs, continuation) = AsyncStream.makeStream(of: Input.self)
    }

    nonisolated var logger: Logger { environment.logger }

    func observe(_ name: SandboxName) -> SandboxObservation? {
        entries[name]?.observation
    }

    /// Takes a new sandbox, with its reserved port.
    func add(_ record: SandboxRecord, port: Descriptor?) {
        entries[record.name] = LifecycleEntry(record: record, port: port)
    }

    /// Forgets a stopped sandbox.
    func remove(_ name: SandboxName) {
        entries[name] = nil
    }

    /// A changed route: the worker is told what to show.
    func update(_ record: SandboxRecord) throws(NemoClawError) {
        guard entries[record.name] != nil else { return }
        entries[record.name]?.record = record
        guard let entry = entries[record.name], let session = entry.session else { return }
        session.tell("configuration", try JSONCoding.value(entry.configuration))
    }

    /// Tells the worker of a sandbox, if it is there.
    func tell(_ sandbox: SandboxName, _ message: LinkMessage) {
        entries[sandbox]?.session?.send(message)
    }

    /// Feeds an event to a sandbox's machine and does what it says.
    func handle(_ event: SandboxStateMachine.Event, for name: SandboxName) {
        guard var entry = entries[name] else { return }
        let before = entry.machine.state
        let restarts = entry.machine.restarts
        let actions = entry.machine.handle(event, at: MonotonicClock.milliseconds())
        entries[name] = entry
        if entry.machine.restarts > restarts { logDeath(entry) }
        if entry.machine.state != before { logState(entry) }
        for action in actions { perform(action, for: name) }
        releasePortIfIdle(name)
        wakeWaiters()
    }

    private func perform(_ action: SandboxStateMachine.Action, for name: SandboxName) {
        switch action {
        case .spawn:
            Task { await self.spawn(name) }  // the spawn may wait for the store; the machine says .spawning meanwhile
        case .arm(let milliseconds, let epoch):
            environment.group.next().scheduleTask(in: .milliseconds(milliseconds)) { [continuation] in
                continuation.yield(.deadline(name, epoch: epoch))
            }
        case .askStop(let grace):
            guard let session = entries[name]?.session else { return }
            Task { await self.askStop(session, graceMilliseconds: grace, name) }
        case .terminate:
            entries[name]?.process?.signal(SIGTERM)
        case .kill:
            entries[name]?.process?.signal(SIGKILL)
        }
    }

    private func askStop(_ session: WorkerSession, graceMilliseconds: Int64, _ name: SandboxName) async {
        do {
            _ = try await session.ask(
                "stop", .object(["graceMilliseconds": .int(graceMilliseconds)]),
                within: .milliseconds(graceMilliseconds))
        } catch {
            logger.debug(
                "worker did not answer stop", metadata: ["sandbox.name": "\(name)", "error.code": "\(error.code)"])
        }
    }

    /// Watches a process and lets it call.
    func welcomeProcess(_ process: WorkerProcess, for name: SandboxName) {
        guard let record = entries[name]?.record else { return }
        entries[name]?.process = process
        environment.roster.admit(
            pid: process.pid,
            WorkerRoster.Entry(sandbox: name, uid: record.uid ?? environment.user, secret: record.secret))
        environment.watcher.watch(process) { [continuation] exit in
            continuation.yield(.exited(name, pid: process.pid, exit))
        }
    }

    private func exited(_ name: SandboxName, pid: Int32, _ exit: WorkerExit) async {
        environment.roster.dismiss(pid: pid)
        guard let entry = entries[name], entry.process?.pid == pid else { return }
        entry.session?.close()
        entries[name]?.process = nil
        entries[name]?.session = nil
        entries[name]?.initPid = nil
        entries[name]?.connections = 0
        entries[name]?.runs = 0
        entries[name]?.isSurvivor = false
        handle(.exited(exit), for: name)  // first: a replacement starts while the rest is tidied
        if entries[name]?.process == nil { await environment.services.detach(name) }
    }

    /// A stopped sandbox refuses connections instead of letting them wait.
    private func releasePortIfIdle(_ name: SandboxName) {
        guard let entry = entries[name], entry.port != nil,
            entry.machine.state == .stopped || entry.machine.state == .failed
        else { return }
        entries[name]?.port = nil
    }

    private func logDeath(_ entry: LifecycleEntry) {
        logger.warning(
            "worker died",
            metadata: [
                "sandbox.name": "\(entry.record.name)", "reason": "\(entry.machine.lastDeath ?? "")",
                "worker.restarts": "\(entry.machine.restarts)",
            ])
    }

    private func logState(_ entry: LifecycleEntry) {
        var metadata: Logger.Metadata = [
            "sandbox.name": "\(entry.record.name)", "sandbox.state": "\(entry.machine.state.rawValue)",
        ]
        if let reason = entry.machine.reason { metadata["reason"] = "\(reason)" }
        if entry.machine.state == .failed {
            logger.error("sandbox failed", metadata: metadata)
        } else {
            logger.info("sandbox changed", metadata: metadata)
        }
    }

    /// Consumes exits, deadlines and arrivals until the process ends.
    func serve(_ arrivals: AsyncStream<WorkerArrival>) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await input in self.inputs { await self.consume(input) }
            }
            for await arrival in arrivals {
                group.addTask { await self.receive(arrival) }
            }
            for entry in entries.values { entry.session?.close() }  // workers stay and dial the next supervisor
            continuation.finish()
        }
    }

    private func consume(_ input: Input) async {
        switch input {
        case .exited(let name, let pid, let exit): await exited(name, pid: pid, exit)
        case .deadline(let name, let epoch): handle(.deadline(epoch: epoch), for: name)
        }
    }
}
