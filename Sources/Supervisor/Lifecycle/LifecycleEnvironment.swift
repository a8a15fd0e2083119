import Logging
import NIOCore
import Shared

/// What `Lifecycle` works with.
struct LifecycleEnvironment: Sendable {
    var store: Store
    var launcher: any WorkerLauncher
    var roster: WorkerRoster
    var watcher: ProcessWatcher
    var services: any WorkerServices
    var ports: PortRange
    var paths: SandboxPaths
    var programs: Programs
    /// The host's certificates and ours, as PEM.
    var caBundle: @Sendable () throws(NemoClawError) -> String
    var group: any EventLoopGroup
    /// The supervisor's effective user.
    var user: UInt32
    var logger: Logger
}
