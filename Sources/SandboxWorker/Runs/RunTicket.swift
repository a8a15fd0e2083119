import Shared

/// One run as it was asked for.
struct RunTicket: Sendable, Equatable {
    /// The caller's idempotency key.
    var runId: String
    var agentId: String
    var sessionKey: String
    var sessionId: String
    var message: String
    /// 0: no limit but ours.
    var timeoutSeconds: Int
    var model: String?
    var extraSystemPrompt: String?

    var request: AgentRunRequest {
        AgentRunRequest(
            runId: runId, agentId: agentId, sessionKey: sessionKey, sessionId: sessionId, message: message,
            timeoutSeconds: timeoutSeconds, model: model, extraSystemPrompt: extraSystemPrompt)
    }
}

/// How a run ended.
struct RunOutcome: Sendable, Equatable {
    enum Status: String, Sendable { case ok, timeout, error }

    var status: Status
    var text = ""
    var provider: String?
    var model: String?
    var usage: TokenUsage?
    /// `stop`, `length`, `rpc` (aborted), `timeout`.
    var stopReason: String?
    var errorCode: String?
    var errorMessage: String?
    var startedAtMs: Int64
    var endedAtMs: Int64

    var isAborted: Bool { status == .timeout }
    var durationMs: Int64 { max(0, endedAtMs - startedAtMs) }

    static func failed(_ code: String, _ message: String, startedAtMs: Int64, endedAtMs: Int64) -> RunOutcome {
        RunOutcome(
            status: .error, errorCode: code, errorMessage: message, startedAtMs: startedAtMs, endedAtMs: endedAtMs)
    }
}

/// What observers of runs are told, in order, with a number that counts per run.
struct RunUpdate: Sendable {
    enum Kind: Sendable {
        case started(atMs: Int64)
        /// New text, and everything so far.
        case text(delta: String, whole: String)
        case finished(RunOutcome)
    }

    let ticket: RunTicket
    let sequence: Int64
    let kind: Kind
}
