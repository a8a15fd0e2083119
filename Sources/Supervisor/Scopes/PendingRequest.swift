import Shared

/// A request that waits for a decision; one a device.
struct PendingRequest: Sendable, Equatable {
    var requestId: String
    var sandbox: SandboxName
    var deviceId: String
    var publicKey: String
    var displayName: String?
    var platform: String
    var deviceFamily: String?
    var clientId: String
    var clientMode: String
    /// The last one is the one asked for last.
    var roles: [String]
    var scopes: [String]
    var reason: DeviceConnectDecision.PairingReason
    var provenance: Provenance
    var ceiling: PairingCeiling
    /// A record of the device exists already.
    var isRepair: Bool
    var requestedAtMs: Int64
    var expiresAtMs: Int64

    var role: String { roles.last ?? ScopeRules.operatorRole }

    func approvalRecord(approvedScopes: [String]) -> ApprovalRecord {
        ApprovalRecord(
            requestId: requestId, sandbox: sandbox, deviceId: deviceId, displayName: displayName, clientId: clientId,
            clientMode: clientMode, platform: platform, role: role, scopes: scopes, approvedScopes: approvedScopes,
            reason: reason, provenance: provenance, requestedAtMs: requestedAtMs, expiresAtMs: expiresAtMs)
    }
}
