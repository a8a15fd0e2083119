import FoundationEssentials
import Shared

/// Where models are reached: `https://inference.local/v1`, or `NEMOCLAW_INFERENCE_URL`.
struct InferenceEndpoint: Sendable, Equatable {
    var host: String
    var port: Int
    var usesTLS: Bool
    /// Without a slash at the end, for example `/v1`.
    var basePath: String

    static let standard = "https://inference.local/v1"

    /// - Throws: `invalid_argument` for anything but `https://…`, or `http://` to loopback.
    init(environment: [String: String]) throws(NemoClawError) {
        let text = environment["NEMOCLAW_INFERENCE_URL"].flatMap { $0.isEmpty ? nil : $0 } ?? Self.standard
        guard let parts = URLComponents(string: text), let scheme = parts.scheme, let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.query == nil, scheme == "https" || (scheme == "http" && Loopback.contains(host))
        else {
            throw NemoClawError(
                .invalidArgument, "NEMOCLAW_INFERENCE_URL is not usable: \"\(text.prefix(200))\"",
                hint: "Unset it, or use https://… (plain http only to loopback)")
        }
        let port = parts.port ?? (scheme == "https" ? 443 : 80)
        guard (1...65535).contains(port) else {
            throw NemoClawError(.invalidArgument, "NEMOCLAW_INFERENCE_URL has no valid port")
        }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.host = host
        self.port = port
        usesTLS = scheme == "https"
        basePath = path
    }

    /// Value of the `Host` header.
    var authority: String {
        port == (usesTLS ? 443 : 80) ? host : "\(host):\(port)"
    }

    var chatCompletions: String { "\(basePath)/chat/completions" }
    /// Tells which provider and model the managed route leads to.
    var route: String { "/nemoclaw/route" }
}
