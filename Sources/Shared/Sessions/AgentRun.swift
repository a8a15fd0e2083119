/// What the worker writes to a run's stdin.
public struct AgentRunRequest: Sendable, Equatable, Codable {
    public var runId: String
    public var agentId: String
    public var sessionKey: String
    public var sessionId: String
    public var message: String
    public var timeoutSeconds: Int
    public var model: String?
    public var extraSystemPrompt: String?

    public init(
        runId: String, agentId: String, sessionKey: String, sessionId: String, message: String, timeoutSeconds: Int,
        model: String? = nil, extraSystemPrompt: String? = nil
    ) {
        self.runId = runId
        self.agentId = agentId
        self.sessionKey = sessionKey
        self.sessionId = sessionId
        self.message = message
        self.timeoutSeconds = timeoutSeconds
        self.model = model
        self.extraSystemPrompt = extraSystemPrompt
    }
}

/// Tokens of one run, named as OpenClaw names them.
public struct TokenUsage: Sendable, Equatable, Codable {
    public var input: Int
    public var output: Int
    public var cacheRead: Int
    public var cacheWrite: Int
    public var total: Int

    public init(input: Int = 0, output: Int = 0, cacheRead: Int = 0, cacheWrite: Int = 0, total: Int = 0) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.total = total
    }
}

/// One line of a run's stdout.
public struct AgentRunEvent: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable { case started, delta, completed, failed }

    public var kind: Kind
    /// delta: the new text; completed: the whole text.
    public var text: String?
    public var provider: String?
    public var model: String?
    public var usage: TokenUsage?
    /// completed: `stop`, `length`, `aborted`, `timeout`.
    public var stopReason: String?
    public var durationMs: Int?
    /// failed: a stable snake_case code and a sentence.
    public var code: String?
    public var message: String?

    public init(kind: Kind) {
        self.kind = kind
    }

    /// Longest line in bytes.
    public static let maximumLine = 1 << 20
}
