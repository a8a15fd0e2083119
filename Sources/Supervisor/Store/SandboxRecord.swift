import Shared

/// One sandbox as the registry keeps it.
struct SandboxRecord: Sendable {
    var name: SandboxName
    /// On the host's loopback and inside the sandbox; unique.
    var port: UInt16
    /// The sandbox's own user, when the supervisor is root; unique.
    var uid: UInt32?
    /// Canonical id of a provider.
    var provider: String
    /// Base URL of the provider's API.
    var endpoint: String
    var model: String
    var wanted: WantedState
    /// Proves the worker to the supervisor.
    var secret: Secret<String>
    /// The owner's token of the OpenClaw gateway.
    var gatewayToken: Secret<String>
    /// The token that lies inside the sandbox.
    var sandboxToken: Secret<String>
    /// Bearer key of the shared gateway for host programs.
    var sandboxKey: Secret<String>
    var createdAtMs: Int64
}

extension SandboxRecord: Equatable {
    static func == (left: SandboxRecord, right: SandboxRecord) -> Bool {
        left.name == right.name && left.port == right.port && left.uid == right.uid
            && left.provider == right.provider && left.endpoint == right.endpoint && left.model == right.model
            && left.wanted == right.wanted && left.createdAtMs == right.createdAtMs
            && left.secret.reveal() == right.secret.reveal()
            && left.gatewayToken.reveal() == right.gatewayToken.reveal()
            && left.sandboxToken.reveal() == right.sandboxToken.reveal()
            && left.sandboxKey.reveal() == right.sandboxKey.reveal()
    }
}
