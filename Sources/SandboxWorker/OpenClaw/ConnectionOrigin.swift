import Shared

/// Facts about a socket that were known at the upgrade.
struct ConnectionOrigin: Sendable, Equatable {
    var provenance: Provenance
    var origin: String?
    /// Peer on loopback (both listeners are), a loopback `Host`, and no proxy in between.
    var isDirect: Bool

    init(provenance: Provenance, origin: String?, isDirect: Bool) {
        self.provenance = provenance
        self.origin = origin
        self.isDirect = isDirect
    }

    init(provenance: Provenance, host: String?, origin: String?, hasProxyHeaders: Bool) {
        self.provenance = provenance
        self.origin = origin
        isDirect = !hasProxyHeaders && host.map { Self.isLoopback(authority: $0) } == true
    }

    /// A browser's page may talk to us only when it comes from this host's loopback.
    var originIsAllowed: Bool {
        guard let origin else { return true }
        guard isDirect else { return false }
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            return Self.isLoopback(authority: String(origin.dropFirst(scheme.count)))
        }
        return false
    }

    /// `localhost`, `127.x.x.x` or `[::1]`, with or without a port.
    static func isLoopback(authority: String) -> Bool {
        if authority.hasPrefix("[") {
            return authority == "[::1]" || (authority.hasPrefix("[::1]:") && isPort(authority.dropFirst(6)))
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, parts.count == 1 || isPort(parts[1]) else { return false }
        if name.lowercased() == "localhost" { return true }
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil && $0.first != "+" }
    }

    private static func isPort(_ text: Substring) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
