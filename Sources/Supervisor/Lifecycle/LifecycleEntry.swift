import Shared

/// One sandbox in `Lifecycle`'s hands.
struct LifecycleEntry {
    var record: SandboxRecord
    var machine = SandboxStateMachine()
    var process: WorkerProcess?
    var session: WorkerSession?
    /// Kept while the sandbox should run, so that connections wait while a worker is replaced.
    var port: Descriptor?
    var initPid: Int32?
    var connections = 0
    var runs = 0
    /// An earlier supervisor saw this worker ready; it will not say so again.
    var isSurvivor = false

    init(record: SandboxRecord, port: Descriptor?) {
        self.record = record
        self.port = port
    }

    var observation: SandboxObservation {
        SandboxObservation(
            state: machine.state, reason: machine.reason, workerPid: process?.pid, initPid: initPid,
            connections: connections, runs: runs, restarts: machine.restarts, port: record.port)
    }

    var configuration: WorkerConfiguration {
        let provider = Provider.all.first { $0.id == record.provider }
        return WorkerConfiguration(
            provider: record.provider, providerLabel: provider?.label ?? record.provider, model: record.model)
    }
}
