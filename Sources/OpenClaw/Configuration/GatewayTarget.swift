import FoundationEssentials
import Shared

/// Which gateway to talk to, and where that was said.
struct GatewayTarget: Sendable, Equatable {
    var host: String
    var port: Int
    var path: String
    var usesTLS: Bool
    /// `env OPENCLAW_GATEWAY_URL` or `local loopback`.
    var source: String

    var url: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(usesTLS ? "wss" : "ws")://\(name):\(port)\(path == "/" ? "" : path)"
    }

    /// Value of the `Host` header.
    var authority: String {
        (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)"
    }

    static func resolve(environment: [String: String], port: Int) throws(NemoClawError) -> GatewayTarget {
        if let text = environment["OPENCLAW_GATEWAY_URL"], !text.isEmpty {
            let relaxed = environment["OPENCLAW_ALLOW_INSECURE_PRIVATE_WS"] == "1"
            return try GatewayTarget(text, allowingPlaintext: relaxed)
        }
        var chosen = port
        if let text = environment["OPENCLAW_GATEWAY_PORT"], !text.isEmpty {
            guard let number = Int(text), (1...65535).contains(number) else {
                throw NemoClawError(.invalidArgument, "OPENCLAW_GATEWAY_PORT is not a port: \"\(text.prefix(16))\"")
            }
            chosen = number
        }
        return GatewayTarget(host: "127.0.0.1", port: chosen, path: "/", usesTLS: false, source: "local loopback")
    }

    init(host: String, port: Int, path: String, usesTLS: Bool, source: String) {
        self.host = host
        self.port = port
        self.path = path
        self.usesTLS = usesTLS
        self.source = source
    }

    init(_ text: String, allowingPlaintext: Bool = false) throws(NemoClawError) {
        let hint = "Set OPENCLAW_GATEWAY_URL to ws://127.0.0.1:<port>"
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "ws" || scheme == "wss", var host = parts.host, !host.isEmpty, parts.user == nil
        else {
            throw NemoClawError(.invalidArgument, "\"\(text.prefix(200))\" is not a gateway address", hint: hint)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard scheme == "wss" || allowingPlaintext || Loopback.contains(host) else {
            throw NemoClawError(
                .invalidArgument, "\"\(text.prefix(200))\" would send the token unencrypted over a network", hint: hint)
        }
        let port = parts.port ?? (scheme == "wss" ? 443 : OpenClawConfiguration.defaultPort)
        guard (1...65535).contains(port) else {
            throw NemoClawError(.invalidArgument, "\"\(text.prefix(200))\" has no valid port", hint: hint)
        }
        let path = parts.percentEncodedPath
        self.init(
            host: host, port: port, path: path.isEmpty ? "/" : path, usesTLS: scheme == "wss",
            source: "env OPENCLAW_GATEWAY_URL")
    }
}
