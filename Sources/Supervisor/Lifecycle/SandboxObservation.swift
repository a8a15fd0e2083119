import Shared

/// What a sandbox is doing at one moment.
struct SandboxObservation: Sendable, Equatable {
    var state: SandboxState
    var reason: String?
    var workerPid: Int32?
    var initPid: Int32?
    var connections: Int
    var runs: Int
    var restarts: Int
    var port: UInt16
}
