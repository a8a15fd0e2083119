import Shared

/// How far a connection goes without a person, by where it came from and what it showed.
enum PairingCeiling: String, Sendable, CaseIterable {
    /// The gateway token on the host's loopback: what is asked for is approved.
    case owner
    /// Anything that comes out of the sandbox, and the sandbox's token wherever it is shown: the scope policy.
    case policy
    /// A device token on the host: what was approved before, nothing new.
    case token

    init(provenance: Provenance, method: AuthenticationMethod?) {
        switch (provenance, method) {
        case (.sandbox, _), (.host, .sandboxToken): self = .policy
        case (.host, .gatewayToken): self = .owner
        case (.host, .deviceToken), (.host, nil): self = .token
        }
    }
}
