import Crypto
import FoundationEssentials
import Shared

/// This installation's Ed25519 key: it names the device and signs connects.
struct DeviceIdentity: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    let createdAtMs: Int64

    init(createdAtMs: Int64) {
        key = Curve25519.Signing.PrivateKey()
        self.createdAtMs = createdAtMs
    }

    /// - Throws: `state_corrupt` unless `seed` has 32 bytes.
    init(seed: [UInt8], createdAtMs: Int64) throws(NemoClawError) {
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            throw NemoClawError(.stateCorrupt, "device key does not have 32 bytes")
        }
        self.createdAtMs = createdAtMs
    }

    /// 32 bytes.
    var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }
    /// 32 secret bytes.
    var seed: Secret<[UInt8]> { Secret(Array(key.rawRepresentation)) }
    /// Lower-case hex SHA-256 of the public key.
    var deviceId: String { RandomText.hexadecimal(SHA256.hash(data: publicKey)) }
    var publicKeyText: String { Base64URL.encode(publicKey) }

    /// Ed25519 signature of `text`, base64url without padding.
    func sign(_ text: String) throws(NemoClawError) -> String {
        do {
            return Base64URL.encode(Array(try key.signature(for: Array(text.utf8))))
        } catch {
            throw NemoClawError(.internalError, "cannot sign with the device key")
        }
    }
}
