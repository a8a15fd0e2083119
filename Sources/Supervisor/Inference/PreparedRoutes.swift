import Shared

/// A snapshot with everything worked out that does not depend on the request.
final class PreparedRoutes: Sendable {
    let routes: [SandboxName: PreparedRoute]
    let keys: [[UInt8]: SandboxName]

    init(_ snapshot: RouteSnapshot) {
        routes = snapshot.routes.mapValues { PreparedRoute($0) }
        keys = snapshot.keys
    }
}

/// A route, ready to be written.
final class PreparedRoute: Sendable {
    let route: Route
    let upstream: UpstreamKey
    let authority: String
    /// The model as a JSON string, quotes included.
    let modelJSON: [UInt8]
    /// The model as the value of a header; empty when it cannot be one.
    let modelHeader: String
    let openAIPrefix: String
    let anthropicPrefix: String
    let bearer: Secret<String>?
    let apiKey: Secret<String>?

    init(_ route: Route) {
        self.route = route
        upstream = UpstreamKey(scheme: route.baseURL.scheme, host: route.baseURL.host, port: route.baseURL.port)
        authority = route.baseURL.authority
        modelJSON = Self.quoted(route.model)
        modelHeader = Self.isHeaderValue(route.model) ? route.model : ""
        openAIPrefix = route.baseURL.pathPrefix
        anthropicPrefix = route.baseURL.prefixWithoutVersion + "/v1"
        // A key that cannot stand in a header is not sent: the provider then answers 401, which says what to mend.
        let key = route.credential.flatMap { Self.isHeaderValue($0.reveal()) ? $0 : nil }
        apiKey = key
        bearer = key.map { Secret("Bearer \($0.reveal())") }
    }

    private static func isHeaderValue(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: result += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
        return result
    }
}

/// What makes two upstream connections interchangeable.
struct UpstreamKey: Sendable, Hashable {
    let scheme: UpstreamURL.Scheme
    let host: String
    let port: Int
}
