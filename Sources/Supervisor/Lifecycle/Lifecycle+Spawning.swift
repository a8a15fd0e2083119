import Logging
import Shared

extension Lifecycle {
    /// Starts a worker for a sandbox whose machine says `.spawning`.
    func spawn(_ name: SandboxName) async {
        do {
            try await ensurePort(name)
            guard let entry = entries[name], let port = entry.port else { return }
            let process = try environment.launcher.launch(try order(for: entry, port: port))
            welcomeProcess(process, for: name)
            handle(.spawned, for: name)
            await note(process, for: name)
        } catch {
            let permanent = error.code == .portInUse || error.code == .portsExhausted
            handle(.spawnFailed(reason: error.message, permanent: permanent), for: name)
        }
    }

    /// The port's listener: kept from before, or bound anew; when a foreign program has it, the next free one.
    private func ensurePort(_ name: SandboxName) async throws(NemoClawError) {
        guard let entry = entries[name], entry.port == nil else { return }
        let taken = Set(entries.values.filter { $0.record.name != name }.map(\.record.port))
        let reservation = try environment.ports.reserve(avoiding: taken, preferred: entry.record.port)
        entries[name]?.port = reservation.listener
        guard reservation.port != entry.record.port else { return }
        for note in reservation.notes {
            logger.warning("moved to another port", metadata: ["sandbox.name": "\(name)", "note": "\(note)"])
        }
        entries[name]?.record.port = reservation.port
        try await environment.store.setPort(name, reservation.port)
    }

    private func order(for entry: LifecycleEntry, port: Descriptor) throws(NemoClawError) -> LaunchOrder {
        let record = entry.record
        let launch = WorkerLaunch(
            sandbox: record.name, secret: record.secret.reveal(), gatewayToken: record.gatewayToken.reveal(),
            sandboxToken: record.sandboxToken.reveal(), port: record.port, caBundle: try environment.caBundle(),
            homePath: environment.paths.home(record.name), initPath: environment.programs.initProgram,
            agentPath: environment.programs.agent, descriptors: [], configuration: entry.configuration)
        return LaunchOrder(
            launch: launch, logPath: environment.paths.log(record.name), uid: record.uid, port: port)
    }

    /// Writes down who serves the sandbox, for the next supervisor. Without it the worker works, but is not adopted.
    private func note(_ process: WorkerProcess, for name: SandboxName, initPid: Int32? = nil) async {
        do {
            try await environment.store.record(
                worker: WorkerRecord(
                    name: name, pid: process.pid, startTicks: process.startTicks, initPid: initPid))
        } catch {
            logger.error(
                "cannot record a worker", metadata: ["sandbox.name": "\(name)", "error.code": "\(error.code)"])
        }
    }

    /// Takes the sandboxes of the registry: adopts the workers that live, starts those that should.
    func restore(_ records: [SandboxRecord]) async throws(NemoClawError) {
        for record in records {
            add(record, port: nil)
            let known = try await environment.store.worker(record.name)
            if let known, let process = WorkerProcess(survivor: known.pid, startTicks: known.startTicks) {
                entries[record.name]?.isSurvivor = true
                entries[record.name]?.initPid = known.initPid
                handle(.foundAlive, for: record.name)
                welcomeProcess(process, for: record.name)
                logger.info(
                    "found a living worker",
                    metadata: ["sandbox.name": "\(record.name)", "worker.pid": "\(known.pid)"])
                if record.wanted == .stopped { handle(.stopAsked, for: record.name) }
            } else {
                handle(record.wanted == .running ? .startAsked : .stopAsked, for: record.name)
            }
        }
    }
}
