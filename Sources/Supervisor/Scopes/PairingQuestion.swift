import Shared

/// What the rules need to know about one connect. Scopes are normalised and well formed.
struct PairingQuestion: Sendable, Equatable {
    /// What became of the device token that was shown.
    enum PresentedToken: Sendable, Equatable {
        case none, unknown
        /// A live token of this device, key and role.
        case valid(scopes: [String])
    }

    var publicKey: String
    var platform: String
    var deviceFamily: String?
    var role: String
    var scopes: [String]
    var provenance: Provenance
    var method: AuthenticationMethod?
    var token: PresentedToken

    var ceiling: PairingCeiling { PairingCeiling(provenance: provenance, method: method) }
}
