import Shared

/// What a worker is started with.
struct LaunchOrder: Sendable {
    let launch: WorkerLaunch
    let logPath: String
    /// The sandbox's own user when the supervisor is root.
    let uid: UInt32?
    /// The port's listener, bound and listening.
    let port: Descriptor
}

/// A way to start workers: as children, or as units of systemd.
protocol WorkerLauncher: Sendable {
    /// Returns when the worker's program runs.
    func launch(_ order: LaunchOrder) throws(NemoClawError) -> WorkerProcess
}
