/// Stable causes of failure. New causes may be added; a code that a peer does not know reads as `internalError`.
public enum ErrorCode: String, Sendable, Equatable, CaseIterable {
    case invalidArgument = "invalid_argument"
    case invalidName = "invalid_name"
    case nameTaken = "name_taken"
    case notFound = "not_found"
    case unknownMethod = "unknown_method"
    case unknownProvider = "unknown_provider"
    case missingCredential = "missing_credential"
    case endpointRefused = "endpoint_refused"
    case endpointTimeout = "endpoint_timeout"
    case endpointInvalid = "endpoint_invalid"
    case portsExhausted = "ports_exhausted"
    case portInUse = "port_in_use"
    case stateLocked = "state_locked"
    case stateCorrupt = "state_corrupt"
    case stateTooNew = "state_too_new"
    case diskFull = "disk_full"
    case forbidden = "forbidden"
    case notRunning = "not_running"
    case busy = "busy"
    case timeout = "timeout"
    case sandboxFailed = "sandbox_failed"
    case userNamespacesDisabled = "user_namespaces_disabled"
    case protocolViolation = "protocol_violation"
    case unavailable = "unavailable"
    case internalError = "internal_error"

    /// Exit code of a command that ends with this error.
    public var exitCode: Int32 {
        switch self {
        case .invalidArgument, .invalidName, .unknownProvider: 2
        default: 1
        }
    }

    /// Status of an HTTP answer that carries this error.
    public var httpStatus: Int {
        switch self {
        case .invalidArgument, .invalidName, .unknownProvider, .missingCredential, .protocolViolation: 400
        case .endpointRefused, .endpointTimeout, .endpointInvalid: 422
        case .forbidden: 403
        case .notFound, .unknownMethod: 404
        case .nameTaken, .portInUse, .stateLocked, .notRunning, .busy: 409
        case .portsExhausted, .unavailable, .userNamespacesDisabled: 503
        case .timeout: 504
        case .diskFull: 507
        case .stateCorrupt, .stateTooNew, .sandboxFailed, .internalError: 500
        }
    }
}

extension ErrorCode: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = ErrorCode(rawValue: text) ?? .internalError
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
