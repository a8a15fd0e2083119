import Shared

/// What a gateway grants when a connect succeeds (`hello-ok`).
struct GatewayHello: Sendable, Equatable {
    struct IssuedToken: Sendable, Equatable {
        var token: String
        var role: String
        var scopes: [String]
    }

    var serverVersion: String
    var protocolVersion: Int64
    var scopes: [String]
    var issued: IssuedToken?

    init?(_ payload: JSONValue) {
        guard payload["type"] == "hello-ok", let version = payload["protocol"]?.intValue else { return nil }
        protocolVersion = version
        serverVersion = PrintableText.line(payload["server"]?["version"]?.stringValue ?? "unknown", limit: 64)
        let auth = payload["auth"]
        scopes = (auth?["scopes"]?.arrayValue ?? []).compactMap(\.stringValue)
        if let token = auth?["deviceToken"]?.stringValue, !token.isEmpty, token.utf8.count <= 1024 {
            issued = IssuedToken(token: token, role: auth?["role"]?.stringValue ?? "operator", scopes: scopes)
        }
    }
}
