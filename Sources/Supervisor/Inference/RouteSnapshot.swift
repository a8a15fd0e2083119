import Shared

/// All routes and sandbox keys at one moment.
struct RouteSnapshot: Sendable {
    var routes: [SandboxName: Route]
    /// SHA-256 of a sandbox's key → the sandbox.
    var keys: [[UInt8]: SandboxName]

    init(routes: [SandboxName: Route] = [:], keys: [[UInt8]: SandboxName] = [:]) {
        self.routes = routes
        self.keys = keys
    }
}
