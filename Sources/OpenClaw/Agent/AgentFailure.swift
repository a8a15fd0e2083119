import NIOHTTP1
import Shared

/// A run that met an error: a stable code and a sentence for the user.
struct AgentFailure: Error, Sendable, Equatable {
    var code: String
    var message: String
    /// The next attempt may succeed, and nothing was answered yet.
    var isRetryable = false

    init(code: String, message: String, isRetryable: Bool = false) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
    }

    /// Any error of a run.
    init(_ error: any Error, beforeFirstByte: Bool) {
        switch error {
        case let failure as AgentFailure: self = failure
        case let failure as HTTPFailure:
            let timedOut = [.connectTimeout, .firstByteTimeout, .idleTimeout].contains(failure)
            self.init(
                code: timedOut ? "inference_timeout" : beforeFirstByte ? "inference_unreachable" : "stream_interrupted",
                message: beforeFirstByte
                    ? "cannot reach the model: \(failure.text)" : "the model's answer broke off: \(failure.text)",
                isRetryable: failure == .refused)
        case let error as NemoClawError: self.init(code: error.code.rawValue, message: error.message)
        case is CancellationError: self.init(code: "aborted", message: "the run was aborted")
        default:
            self.init(
                code: "stream_interrupted",
                message: "the model's answer broke off: \(PrintableText.line("\(error)", limit: 200))")
        }
    }

    /// An HTTP status other than success, with what the provider says about it.
    init(status: HTTPResponseStatus, body: [UInt8]) {
        let json = try? JSONCoding.decode(JSONValue.self, from: body)  // try?: not all error bodies are JSON
        let said = json.flatMap(ChatCompletionChunk.errorText) ?? String(decoding: body.prefix(4096), as: UTF8.self)
        let text = PrintableText.line(said, limit: AgentLimits.errorText)
        code =
            switch status.code {
            case 401, 403: "provider_unauthorized"
            case 404: "model_not_found"
            case 408, 504: "inference_timeout"
            case 429: "rate_limited"
            case 500...: "provider_unavailable"
            default: "provider_error"
            }
        message = "the model's provider answered \(status.code)" + (text.isEmpty ? "" : ": \(text)")
        isRetryable = status.code == 502 || status.code == 503
    }
}
