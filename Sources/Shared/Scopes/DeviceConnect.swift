/// Where a connection to a worker's port came from. A fact about the listener, never a header.
public enum Provenance: String, Sendable, Codable, CaseIterable {
    /// The listener inside the sandbox.
    case sandbox
    /// The listener on the host's loopback.
    case host
}

/// Which secret authenticated a connection.
public enum AuthenticationMethod: String, Sendable, Codable, CaseIterable {
    case gatewayToken, sandboxToken, deviceToken
}

/// A worker's question: may this device (signature already checked by the worker) connect with these scopes?
public struct DeviceConnectRequest: Sendable, Equatable, Codable {
    /// Lower-case hex SHA-256 of the public key; nil for a connection without a device.
    public var deviceId: String
    /// 32 bytes, base64url without padding.
    public var publicKey: String
    public var displayName: String?
    public var platform: String
    public var deviceFamily: String?
    public var clientId: String
    public var clientMode: String
    public var role: String
    public var scopes: [String]
    public var provenance: Provenance
    /// nil when no shared token matched; then `presentedToken` must be a valid device token.
    public var method: AuthenticationMethod?
    /// The candidate device token (`auth.deviceToken`, else `auth.token`), to be verified by the supervisor.
    public var presentedToken: String?
    public var hasOrigin: Bool

    public init(
        deviceId: String, publicKey: String, displayName: String?, platform: String, deviceFamily: String?,
        clientId: String,
        clientMode: String, role: String, scopes: [String], provenance: Provenance, method: AuthenticationMethod?,
        presentedToken: String?, hasOrigin: Bool
    ) {
        self.deviceId = deviceId
        self.publicKey = publicKey
        self.displayName = displayName
        self.platform = platform
        self.deviceFamily = deviceFamily
        self.clientId = clientId
        self.clientMode = clientMode
        self.role = role
        self.scopes = scopes
        self.provenance = provenance
        self.method = method
        self.presentedToken = presentedToken
        self.hasOrigin = hasOrigin
    }
}

/// The supervisor's answer to `device.connect`.
public struct DeviceConnectDecision: Sendable, Equatable, Codable {
    public enum Outcome: String, Sendable, Codable { case granted, pending, refused }
    public enum PairingReason: String, Sendable, Codable {
        case notPaired = "not-paired"
        case roleUpgrade = "role-upgrade"
        case scopeUpgrade = "scope-upgrade"
        case metadataUpgrade = "metadata-upgrade"
    }

    public var outcome: Outcome
    /// granted: scopes of the issued token.
    public var scopes: [String]
    /// granted: the device token (once minted or reused in the clear only when this connect minted it), else nil.
    public var deviceToken: String?
    public var issuedAtMs: Int64?
    /// pending and refused by pairing: why, and the request that waits.
    public var reason: PairingReason?
    public var requestId: String?
    public var approvedRoles: [String]
    public var approvedScopes: [String]
    /// refused by authentication: `token_mismatch`, `device_token_mismatch`, `scope_mismatch`, `scope_denied`.
    public var authReason: String?

    public init(
        outcome: Outcome, scopes: [String] = [], deviceToken: String? = nil, issuedAtMs: Int64? = nil,
        reason: PairingReason? = nil, requestId: String? = nil, approvedRoles: [String] = [],
        approvedScopes: [String] = [],
        authReason: String? = nil
    ) {
        self.outcome = outcome
        self.scopes = scopes
        self.deviceToken = deviceToken
        self.issuedAtMs = issuedAtMs
        self.reason = reason
        self.requestId = requestId
        self.approvedRoles = approvedRoles
        self.approvedScopes = approvedScopes
        self.authReason = authReason
    }
}
