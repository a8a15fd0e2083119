/// The one error that crosses our process borders: a stable code, a sentence, and a command that helps.
public struct NemoClawError: Error, Sendable, Codable, Equatable, CustomStringConvertible {
    /// Closed set of causes; the table in `ErrorCode` maps each to an exit code and an HTTP status.
    public let code: ErrorCode
    /// Lower case, no full stop: verb + object + reason.
    public let message: String
    /// One imperative line naming a command that works, if there is one.
    public let hint: String?

    public init(_ code: ErrorCode, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String {
        hint.map { "\(message)\n\($0)" } ?? message
    }
}
