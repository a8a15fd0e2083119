import Shared

/// The certificates that sandboxes trust: the host's own and our local CA.
enum CABundle {
    /// Where distributions keep their bundle.
    private static let candidates = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]
    /// Today's bundles have 200 to 250 kB.
    private static let limit = 4 << 20

    /// Read anew for each start: the host's bundle changes with updates, and keeping it would cost memory.
    static func read(adding own: String) -> String {
        for path in candidates {
            guard let bytes = SmallFile.read(path, limit: limit, followLinks: true) else { continue }
            return String(decoding: bytes, as: UTF8.self) + (bytes.last == UInt8(ascii: "\n") ? "" : "\n") + own
        }
        return own
    }
}
