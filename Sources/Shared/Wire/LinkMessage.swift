/// One JSON frame on `worker.sock`; see `docs/wire-protocols.md`.
public enum LinkMessage: Sendable, Equatable {
    case hello(LinkHello)
    case welcome(configuration: WorkerConfiguration?)
    case refused(NemoClawError)
    case ask(id: UInt64, method: String, params: JSONValue)
    case answer(id: UInt64, result: JSONValue)
    case failure(id: UInt64, error: NemoClawError)
    case tell(method: String, params: JSONValue)

    /// Longest frame body in bytes: room for a device list, not for mischief.
    public static let maximumBody = 1 << 20
}

extension LinkMessage: Codable {
    private enum Keys: String, CodingKey {
        case type, id, method, params, result, error, configuration, code, message, hint
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        let type = try container.decode(String.self, forKey: .type)
        switch type {
        case "hello": self = .hello(try LinkHello(from: decoder))
        case "welcome":
            self = .welcome(
                configuration: try container.decodeIfPresent(WorkerConfiguration.self, forKey: .configuration))
        case "refused": self = .refused(try NemoClawError(from: decoder))
        case "ask":
            self = .ask(
                id: try container.decode(UInt64.self, forKey: .id),
                method: try container.decode(String.self, forKey: .method),
                params: try container.decodeIfPresent(JSONValue.self, forKey: .params) ?? .object([:]))
        case "answer":
            let id = try container.decode(UInt64.self, forKey: .id)
            if let error = try container.decodeIfPresent(NemoClawError.self, forKey: .error) {
                self = .failure(id: id, error: error)
            } else {
                self = .answer(id: id, result: try container.decodeIfPresent(JSONValue.self, forKey: .result) ?? .null)
            }
        case "tell":
            self = .tell(
                method: try container.decode(String.self, forKey: .method),
                params: try container.decodeIfPresent(JSONValue.self, forKey: .params) ?? .object([:]))
        default: throw NemoClawError(.protocolViolation, "unknown frame type")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        switch self {
        case .hello(let hello):
            try container.encode("hello", forKey: .type)
            try hello.encode(to: encoder)
        case .welcome(let configuration):
            try container.encode("welcome", forKey: .type)
            try container.encodeIfPresent(configuration, forKey: .configuration)
        case .refused(let error):
            try container.encode("refused", forKey: .type)
            try error.encode(to: encoder)
        case .ask(let id, let method, let params):
            try container.encode("ask", forKey: .type)
            try container.encode(id, forKey: .id)
            try container.encode(method, forKey: .method)
            try container.encode(params, forKey: .params)
        case .answer(let id, let result):
            try container.encode("answer", forKey: .type)
            try container.encode(id, forKey: .id)
            try container.encode(result, forKey: .result)
        case .failure(let id, let error):
            try container.encode("answer", forKey: .type)
            try container.encode(id, forKey: .id)
            try container.encode(error, forKey: .error)
        case .tell(let method, let params):
            try container.encode("tell", forKey: .type)
            try container.encode(method, forKey: .method)
            try container.encode(params, forKey: .params)
        }
    }
}
