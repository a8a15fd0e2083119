/// What asking a provider for its models told.
enum ProbeOutcome: Sendable, Equatable {
    /// It answered with a list; `modelKnown` is nil when the list names no models.
    case healthy(modelKnown: Bool?)
    case unauthorized
    /// It speaks HTTP but has no list of models, or answers something else than trouble.
    case reachable(status: Int)
    case unhealthy(status: Int)
    case refused
    case nameUnknown
    case unreachable(detail: String)
    case timedOut
    case wrongProtocol(detail: String)
}
