import NIOHTTP1
import Shared

/// A failure that the gateway itself answers, with what the client's SDK wants to know about it.
struct GatewayProblem: Error, Equatable {
    let status: HTTPResponseStatus
    /// OpenAI's `code`; stable.
    let code: String
    let message: String
    var allow: String?

    init(_ status: HTTPResponseStatus, _ code: String, _ message: String, allow: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.allow = allow
    }

    private var openAIType: String {
        switch status.code {
        case 401, 403: "authentication_error"
        case 429: "rate_limit_error"
        case 400..<500: "invalid_request_error"
        default: "api_error"
        }
    }

    private var anthropicType: String {
        switch status.code {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 503: "overloaded_error"
        case 504: "timeout_error"
        case 400..<500: "invalid_request_error"
        default: "api_error"
        }
    }

    /// The error object of the client's SDK.
    func body(family: APIFamily, requestID: String) -> [UInt8] {
        let value: JSONValue =
            switch family {
            case .openAI:
                [
                    "error": [
                        "message": .string(message), "type": .string(openAIType), "param": nil, "code": .string(code),
                    ]
                ]
            case .anthropic:
                [
                    "type": "error", "error": ["type": .string(anthropicType), "message": .string(message)],
                    "request_id": .string(requestID),
                ]
            }
        // try?: these values always have a JSON form; an empty object beats no answer.
        return (try? JSONCoding.encode(value)) ?? Array("{}".utf8)
    }
}

extension GatewayProblem {
    static func splice(_ problem: ModelSplicer.Problem) -> GatewayProblem {
        let message =
            switch problem {
            case .notAnObject: "the request body is not a JSON object"
            case .invalid: "the request body is not valid JSON"
            case .incomplete: "the request body ends before its JSON object does"
            case .duplicateModel: "the request body has more than one \"model\""
            case .misspeltModel: "the request body spells \"model\" with capital letters"
            case .tooDeep: "the request body is nested deeper than \(ModelSplicer.maximumDepth) levels"
            }
        return GatewayProblem(.badRequest, "invalid_body", message)
    }

    static func upstream(_ failure: UpstreamFailure, provider: String) -> GatewayProblem {
        switch failure {
        case .refused:
            GatewayProblem(.badGateway, "upstream_refused", "provider \"\(provider)\" refused the connection")
        case .nameUnknown:
            GatewayProblem(.badGateway, "upstream_name_unknown", "the host name of provider \"\(provider)\" is unknown")
        case .unreachable:
            GatewayProblem(.badGateway, "upstream_unreachable", "provider \"\(provider)\" cannot be reached")
        case .tls:
            GatewayProblem(.badGateway, "upstream_tls_failed", "TLS with provider \"\(provider)\" failed")
        case .closed:
            GatewayProblem(
                .badGateway, "upstream_closed", "provider \"\(provider)\" closed the connection before it answered")
        case .notHTTP:
            GatewayProblem(
                .badGateway, "upstream_protocol_error", "provider \"\(provider)\" sent something that is not HTTP")
        case .connectTimeout:
            GatewayProblem(
                .gatewayTimeout, "upstream_connect_timeout", "provider \"\(provider)\" did not accept in time")
        case .firstByteTimeout:
            GatewayProblem(
                .gatewayTimeout, "upstream_first_byte_timeout", "provider \"\(provider)\" did not answer in time")
        case .idleTimeout:
            GatewayProblem(
                .gatewayTimeout, "upstream_idle_timeout", "provider \"\(provider)\" did not take the request in time")
        }
    }
}
