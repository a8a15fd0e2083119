import Crypto
import Shared

/// One live token of a device and role. The token itself is not kept, only its SHA-256: 32 random bytes need no salt.
struct DeviceToken: Sendable, Equatable {
    var id: Int64
    var role: String
    var hash: [UInt8]
    var scopes: [String]
    var createdAtMs: Int64
    var lastUsedAtMs: Int64

    static func hash(of token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }

    /// Compares in constant time (swift-crypto's digest comparison).
    func matches(_ token: String) -> Bool { SHA256.hash(data: Array(token.utf8)) == hash }
}
