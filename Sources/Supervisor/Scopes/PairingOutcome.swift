import Shared

/// Answer of the rules to one connect.
enum PairingOutcome: Sendable, Equatable {
    /// What happens to the request that waits, if the answer is to wait.
    enum Waiting: Sendable, Equatable {
        case create
        /// The same or less was asked for before: that request lives on.
        case refresh
        /// More was asked for: a new request with both takes the place of the old one.
        case replace(roles: [String], scopes: [String])
    }

    /// `reason` is what was approved just now; nil: nothing new.
    case granted(reason: DeviceConnectDecision.PairingReason?, rule: PairingRule)
    case held(reason: DeviceConnectDecision.PairingReason, rule: PairingRule, Waiting)
    case refused(authReason: String, rule: PairingRule)
}
