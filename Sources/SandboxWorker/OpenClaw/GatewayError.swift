import Shared

/// Error member of a `res` frame.
struct GatewayError: Error, Sendable, Equatable {
    enum Code: String, Sendable {
        case invalidRequest = "INVALID_REQUEST"
        case notPaired = "NOT_PAIRED"
        case unavailable = "UNAVAILABLE"
    }

    var code: Code
    var message: String
    var details: JSONValue?
    var retryable: Bool?
    var retryAfterMs: Int64?

    init(
        _ code: Code, _ message: String, details: JSONValue? = nil, retryable: Bool? = nil, retryAfterMs: Int64? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.retryable = retryable
        self.retryAfterMs = retryAfterMs
    }

    static func invalid(_ message: String) -> GatewayError { GatewayError(.invalidRequest, message) }
    static func missingScope(_ scope: String) -> GatewayError { .invalid("missing scope: \(scope)") }
    static func unavailable(_ message: String) -> GatewayError { GatewayError(.unavailable, message, retryable: true) }

    /// A failed question to the supervisor, as the protocol's clients know it.
    init(_ error: NemoClawError) {
        switch error.code {
        case .unavailable, .timeout, .busy:
            self = GatewayError(.unavailable, error.message, retryable: true, retryAfterMs: 500)
        case .internalError: self.init(.unavailable, error.message)
        default: self.init(.invalidRequest, error.message)
        }
    }

    var json: JSONValue {
        var members: [String: JSONValue] = ["code": .string(code.rawValue), "message": .string(message)]
        members["details"] = details
        members["retryable"] = retryable.map { .bool($0) }
        members["retryAfterMs"] = retryAfterMs.map { .int($0) }
        return .object(members)
    }
}
