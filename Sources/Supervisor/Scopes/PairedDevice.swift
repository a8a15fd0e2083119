import Shared

/// A device that somebody or some rule let in.
struct PairedDevice: Sendable, Equatable {
    /// How it came in; a stronger way sticks.
    enum Approval: String, Sendable, Comparable {
        case policy, owner, decision

        static func < (left: Approval, right: Approval) -> Bool { left.strength < right.strength }

        private var strength: Int {
            switch self {
            case .policy: 0
            case .owner: 1
            case .decision: 2
            }
        }
    }

    var sandbox: SandboxName
    var deviceId: String
    var publicKey: String
    var displayName: String?
    /// Pinned at approval, as `deviceFamily`.
    var platform: String
    var deviceFamily: String?
    var clientId: String
    var clientMode: String
    var roles: [String]
    /// All it may have, on the host.
    var approvedScopes: [String]
    /// The part that was approved for connections out of the sandbox: what the owner's token got on the host does not
    /// follow the device's key into the sandbox.
    var sandboxScopes: [String]
    var approvedVia: Approval
    var createdAtMs: Int64
    var approvedAtMs: Int64
    var lastSeenAtMs: Int64

    func approvedScopes(under ceiling: PairingCeiling) -> [String] {
        ceiling == .policy ? sandboxScopes : approvedScopes
    }

    /// True for a device that connections from inside the sandbox may see and manage.
    var belongsToSandbox: Bool { approvedVia == .policy || !sandboxScopes.isEmpty }

    /// Adds what was approved; never takes anything away.
    mutating func approve(
        roles newRoles: [String], scopes: [String], ceiling: PairingCeiling, via: Approval, atMs: Int64
    ) {
        roles += newRoles.filter { !roles.contains($0) }
        approvedScopes = ScopeRules.normalized(approvedScopes + scopes)
        if ceiling == .policy { sandboxScopes = ScopeRules.normalized(sandboxScopes + scopes) }
        approvedVia = max(approvedVia, via)
        approvedAtMs = atMs
    }
}
