import Shared

/// Where a model provider lives: the base URL, parsed once. Userinfo, query and fragment are refused, so that no
/// credential hides in it and no path can be cut off.
struct UpstreamURL: Sendable, Hashable, CustomStringConvertible {
    enum Scheme: String, Sendable, Hashable {
        case http
        case https
    }

    let scheme: Scheme
    /// Lower case; an IPv6 address without its brackets.
    let host: String
    let port: Int
    /// Empty, or `/…` without a slash at the end.
    let pathPrefix: String

    /// - Throws: `invalid_argument` saying what is wrong.
    init(_ text: String) throws(NemoClawError) {
        var parser = UpstreamURLParser(text)
        let parts = try parser.parse()
        scheme = parts.scheme
        host = parts.host
        port = parts.port
        pathPrefix = parts.path
    }

    /// Value of the `Host` header.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (scheme == .https ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The prefix of the Anthropic paths, which carry their own `/v1`.
    var prefixWithoutVersion: String {
        pathPrefix.hasSuffix("/v1") ? String(pathPrefix.dropLast(3)) : pathPrefix
    }

    /// Whether the host is written as an address, which TLS cannot name in SNI.
    var hostIsAddress: Bool {
        host.contains(":") || host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    }

    var description: String { "\(scheme.rawValue)://\(authority)\(pathPrefix)" }
}

private struct UpstreamURLParser {
    private let text: String

    init(_ text: String) { self.text = text }

    mutating func parse() throws(NemoClawError) -> (scheme: UpstreamURL.Scheme, host: String, port: Int, path: String) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x5c && $0 != 0x22 })
        else { throw problem("has a character that a URL cannot have, or is too long") }
        guard !text.contains("?"), !text.contains("#") else { throw problem("has a query or a fragment") }
        let (scheme, rest) = try splitScheme()
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        guard !authority.contains("@") else { throw problem("carries a user name or password") }
        let (host, port) = try splitAuthority(authority, scheme: scheme)
        var path = rest[slash...]
        while path.hasSuffix("/") { path = path.dropLast() }
        guard !path.contains("//"), !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else {
            throw problem("has a path that is not plain")
        }
        return (scheme, host, port, String(path))
    }

    private func splitScheme() throws(NemoClawError) -> (UpstreamURL.Scheme, Substring) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"),
            let scheme = UpstreamURL.Scheme(rawValue: text[..<colon].lowercased())
        else { throw problem("does not start with http:// or https://") }
        return (scheme, text[colon...].dropFirst(3))
    }

    private func splitAuthority(_ authority: Substring, scheme: UpstreamURL.Scheme) throws(NemoClawError)
        -> (String, Int)
    {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw problem("has a broken IPv6 address") }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard host.contains(":"), host.utf8.allSatisfy({ Self.isHex($0) || $0 == 0x3a || $0 == 0x2e }) else {
                throw problem("has a broken IPv6 address")
            }
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<colon]
            rest = authority[colon...]
            guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(Self.isNameByte) else {
                throw problem("has no valid host name")
            }
        }
        guard !rest.isEmpty else { return (host.lowercased(), scheme == .https ? 443 : 80) }
        guard rest.hasPrefix(":"), rest.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(rest.dropFirst()), (1...65535).contains(port)
        else { throw problem("has no valid port") }
        return (host.lowercased(), port)
    }

    /// The text itself stays out of the message when it may hold a password.
    private func problem(_ what: String) -> NemoClawError {
        let shown = text.contains("@") ? "" : " \"\(text.prefix(128))\""
        return NemoClawError(
            .invalidArgument, "endpoint URL\(shown) \(what)", hint: "Use a URL such as http://127.0.0.1:8000/v1")
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            || byte == 0x2d || byte == 0x2e || byte == 0x5f
    }
}
