import Shared

/// What a gateway needs to know about its sandbox.
struct GatewayIdentity: Sendable {
    let sandbox: SandboxName
    let tokens: SharedTokens
    let port: UInt16
    let startedAtMs: Int64
}
