/// What one `openclaw agent` was asked to do.
struct AgentTurn: Sendable {
    var message: String
    var selection: SessionSelection
    var to: String?
    var timeoutSeconds: Int
    var json: Bool

    static let defaultTimeout = 600
}
