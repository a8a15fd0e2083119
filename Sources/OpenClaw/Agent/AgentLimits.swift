/// Limits of one agent run, in one place.
enum AgentLimits {
    /// Bytes of a run request on stdin.
    static let request = 32 << 20
    /// Characters of earlier turns that are sent to the model, newest first.
    static let context = 48_000
    /// Bytes read from the end of a transcript to find those turns.
    static let transcriptTail = 4 << 20
    /// Bytes of an answer; a longer one is cut with stop reason `length`.
    static let answer = 4 << 20
    /// Bytes of one server-sent line.
    static let eventLine = 1 << 20
    /// Bytes of an answer that is not a stream, and of the error text that is read.
    static let wholeBody = 8 << 20
    static let errorBody = 64 << 10
    /// Characters of a provider's error text that are passed on.
    static let errorText = 500
    /// Seconds: one week.
    static let longestTimeout = 604_800
    /// Bytes of `sessions.json`.
    static let sessionIndex = 16 << 20
    /// Bytes of a message given in a file.
    static let messageFile = 8 << 20
}
