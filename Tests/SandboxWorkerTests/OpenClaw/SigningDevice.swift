import Crypto
import Shared

@testable import SandboxWorker

/// The vector's device, signing for real.
struct SigningDevice {
    private let key: Curve25519.Signing.PrivateKey

    init() throws {
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: Array(0..<32 as Range<UInt8>))
    }

    var id: String { Vector.deviceId }

    func params(nonce: String, scopes: [String] = ["operator.read"]) throws -> JSONValue {
        let text =
            "v3|\(id)|cli|cli|operator|\(scopes.joined(separator: ","))|\(Vector.signedAt)|tok-123|\(nonce)|linux|"
        let signature = Base64URL.encode(try key.signature(for: Array(text.utf8)))
        return Vector.params(signature: signature, nonce: nonce, scopes: scopes.map { .string($0) })
    }
}
