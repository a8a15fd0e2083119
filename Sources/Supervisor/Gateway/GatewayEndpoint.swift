import NIOHTTP1
import Shared

/// What a request line asks the gateway for.
enum GatewayEndpoint: Equatable {
    /// A JSON body with a `model` goes to the provider.
    case inference(APIFamily)
    /// The provider's list of models, or one of them.
    case models
    case route
    case health
    case ready
    case methodNotAllowed(allow: String)
    case unknown

    /// - Parameter path: without the query.
    init(method: HTTPMethod, path: Substring) {
        switch path {
        case "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings":
            self = method == .POST ? .inference(.openAI) : .methodNotAllowed(allow: "POST")
        case "/v1/messages", "/v1/messages/count_tokens":
            self = method == .POST ? .inference(.anthropic) : .methodNotAllowed(allow: "POST")
        case "/v1/models": self = Self.reading(.models, method)
        case "/nemoclaw/route": self = Self.reading(.route, method)
        case "/healthz": self = Self.reading(.health, method)
        case "/readyz": self = Self.reading(.ready, method)
        default:
            guard path.hasPrefix("/v1/models/"), Self.isPlain(path.dropFirst("/v1/models/".count)) else {
                self = .unknown
                return
            }
            self = Self.reading(.models, method)
        }
    }

    /// The error shape that the client's SDK reads.
    static func family(ofPath path: Substring) -> APIFamily {
        path.hasPrefix("/v1/messages") ? .anthropic : .openAI
    }

    private static func reading(_ endpoint: GatewayEndpoint, _ method: HTTPMethod) -> GatewayEndpoint {
        method == .GET || method == .HEAD ? endpoint : .methodNotAllowed(allow: "GET, HEAD")
    }

    /// Whether a model's name stays below `/v1/models/` however the provider decodes it.
    private static func isPlain(_ name: Substring) -> Bool {
        var decoded = name.lowercased()
        guard decoded.utf8.count <= 256, decoded.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x5c && $0 != 0x23 })
        else { return false }
        // %25 would allow a second decoding to produce what is looked for here.
        guard !decoded.contains("%25"), !decoded.contains("%5c"), !decoded.contains("%0"), !decoded.contains("%1")
        else { return false }
        decoded = decoded.replacing("%2e", with: ".").replacing("%2f", with: "/")
        return decoded.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }
}
