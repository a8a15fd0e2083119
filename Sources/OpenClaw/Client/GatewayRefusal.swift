import Shared

/// A gateway said no, or went away.
struct GatewayRefusal: Error, Sendable, Equatable {
    enum Phase: Sendable, Equatable { case connect, call }

    var phase: Phase
    /// The protocol's `error.code`; `CLOSED` for a close without an answer, `TIMEOUT` for our own deadline.
    var code: String
    var message: String
    var detailsCode: String?
    /// Of the approval that is pending.
    var requestId: String?
    var reason: String?
    var requestedScopes: [String] = []
    var retryable = false
    var retryAfterMs: Int64?
    var closeCode: Int?

    static let closedCode = "CLOSED"
    static let timeoutCode = "TIMEOUT"

    init(phase: Phase, error: JSONValue) {
        self.phase = phase
        code = PrintableText.line(error["code"]?.stringValue ?? "UNAVAILABLE", limit: 64)
        message = PrintableText.line(error["message"]?.stringValue ?? "no reason was given", limit: 500)
        let details = error["details"]
        detailsCode = details?["code"]?.stringValue
        reason = details?["reason"]?.stringValue
        requestId = details?["requestId"]?.stringValue.flatMap { Self.isRequestId($0) ? $0 : nil }
        requestedScopes = (details?["requestedScopes"]?.arrayValue ?? []).prefix(32).compactMap { scope in
            scope.stringValue.map { PrintableText.line($0, limit: 64) }
        }
        retryable = error["retryable"]?.boolValue ?? false
        retryAfterMs = error["retryAfterMs"]?.intValue
    }

    init(phase: Phase, code: String, message: String, closeCode: Int? = nil) {
        self.phase = phase
        self.code = code
        self.message = message
        self.closeCode = closeCode
    }

    /// The gateway is coming up or going down: the same connect may succeed in a moment.
    var isRestart: Bool {
        guard phase == .connect else { return false }
        switch closeCode {
        case 1012, 1013, 1001, 1006: return true
        case 1000: return message.isEmpty
        default: return code == "UNAVAILABLE" && retryable
        }
    }

    /// `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`, as the protocol says; anything else must not reach a suggested command.
    static func isRequestId(_ text: String) -> Bool {
        let isAlphanumeric: (UInt8) -> Bool = { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        guard (1...128).contains(text.utf8.count), let first = text.utf8.first, isAlphanumeric(first) else {
            return false
        }
        return text.utf8.allSatisfy { isAlphanumeric($0) || [0x2e, 0x5f, 0x3a, 0x2d].contains($0) }
    }
}
