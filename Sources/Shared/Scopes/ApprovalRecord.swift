/// A request for more than a device may have, waiting for somebody to decide. Shown by `nemoclaw approvals`.
public struct ApprovalRecord: Sendable, Equatable, Codable {
    /// Matches `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`.
    public var requestId: String
    public var sandbox: SandboxName
    public var deviceId: String
    public var displayName: String?
    public var clientId: String
    public var clientMode: String
    public var platform: String
    public var role: String
    /// Asked for, normalised.
    public var scopes: [String]
    /// What the device already has; empty for a new device.
    public var approvedScopes: [String]
    public var reason: DeviceConnectDecision.PairingReason
    public var provenance: Provenance
    /// Milliseconds since 1970. A refresh moves `expiresAtMs` and keeps `requestedAtMs`.
    public var requestedAtMs: Int64
    public var expiresAtMs: Int64

    public init(
        requestId: String, sandbox: SandboxName, deviceId: String, displayName: String?, clientId: String,
        clientMode: String, platform: String, role: String, scopes: [String], approvedScopes: [String],
        reason: DeviceConnectDecision.PairingReason, provenance: Provenance, requestedAtMs: Int64, expiresAtMs: Int64
    ) {
        self.requestId = requestId
        self.sandbox = sandbox
        self.deviceId = deviceId
        self.displayName = displayName
        self.clientId = clientId
        self.clientMode = clientMode
        self.platform = platform
        self.role = role
        self.scopes = scopes
        self.approvedScopes = approvedScopes
        self.reason = reason
        self.provenance = provenance
        self.requestedAtMs = requestedAtMs
        self.expiresAtMs = expiresAtMs
    }
}
