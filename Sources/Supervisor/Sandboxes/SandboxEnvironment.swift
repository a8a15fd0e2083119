import Logging
import Shared

/// What the operations on sandboxes work with.
struct SandboxEnvironment: Sendable {
    var store: Store
    var lifecycle: Lifecycle
    var routes: RoutePublisher
    var credentials: CredentialFolder
    var folders: SandboxFolders
    var ports: PortRange
    /// Asks a route's provider whether it answers, within milliseconds.
    /// - Throws: why it does not: `endpoint_refused`, `endpoint_timeout`, `endpoint_invalid`, `missing_credential`.
    var probe: @Sendable (Route, Int) async throws(NemoClawError) -> ProbeResult
    var usage: @Sendable (SandboxName) -> GatewayUsage
    /// Whether sandboxes get users of their own.
    var isRoot: Bool
    /// Milliseconds since 1970.
    var now: @Sendable () -> Int64
    var logger: Logger
}
