import Shared

/// What operators and workers are told after a decision.
enum ScopeEvent: Sendable, Equatable {
    enum Decision: String, Sendable { case approved, rejected }

    case requested(PendingRequest)
    case resolved(requestId: String, deviceId: String, decision: Decision, sandbox: SandboxName)
    /// Its connections are to be closed with 4001.
    case revoked(deviceId: String, sandbox: SandboxName)

    var sandbox: SandboxName {
        switch self {
        case .requested(let request): request.sandbox
        case .resolved(_, _, _, let sandbox), .revoked(_, let sandbox): sandbox
        }
    }

    /// The message for the sandbox's worker on `worker.sock`.
    var tell: LinkMessage {
        switch self {
        case .requested(let request):
            .tell(method: "device.requested", params: PairListing.pending(request))
        case .resolved(let requestId, let deviceId, let decision, _):
            .tell(
                method: "device.resolved",
                params: [
                    "requestId": .string(requestId), "deviceId": .string(deviceId),
                    "decision": .string(decision.rawValue),
                ])
        case .revoked(let deviceId, _):
            .tell(method: "device.revoked", params: ["deviceId": .string(deviceId)])
        }
    }
}
