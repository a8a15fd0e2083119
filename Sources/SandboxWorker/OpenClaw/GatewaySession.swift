import Shared

/// What a connection may do once it said hello.
struct GatewaySession: Sendable, Equatable {
    /// 3 or 4.
    var version: Int64
    var role: String
    var scopes: [String]
    var client: ConnectParameters.Client
    var provenance: Provenance
    var method: AuthenticationMethod
    var deviceId: String?

    /// Whether a person or program shows up in presence: tools that come and go do not.
    var isListed: Bool { !["cli", "backend", "probe", "test"].contains(client.mode) }

    func holds(_ scope: String?) -> Bool {
        guard let scope else { return true }
        return role == "operator" && ScopeRules.covers(scopes, scope)
    }
}
