import Crypto
import FoundationEssentials
import Shared

/// Checks that a connect comes from the holder of the device's key (`openclaw-gateway-protocol.md` 2.3).
struct DeviceProof {
    let parameters: ConnectParameters
    let device: ConnectParameters.Device
    /// Nonce of this socket's challenge.
    let nonce: String
    let nowMilliseconds: Int64

    /// The key in its one spelling, 32 bytes base64url.
    /// - Throws: the first failing check's text and code.
    func verify() throws(GatewayError) -> String {
        guard let key = Self.rawKey(device.publicKey),
            let verifier = try? Curve25519.Signing.PublicKey(
                rawRepresentation: key)  // try?: any failure is the one refusal below
        else { throw Self.refusal("device public key invalid", "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key") }
        guard Self.hexadecimal(SHA256.hash(data: key)) == device.id else {
            throw Self.refusal(
                "device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch")
        }
        let (age, overflow) = nowMilliseconds.subtractingReportingOverflow(device.signedAt)
        guard !overflow, age.magnitude <= UInt64(GatewayLimits.signatureMilliseconds) else {
            throw Self.refusal("device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale")
        }
        guard !device.nonce.isEmpty else {
            throw Self.refusal("device nonce required", "DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing")
        }
        guard ConstantTime.equal(device.nonce, nonce) else {
            throw Self.refusal("device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch")
        }
        guard let signature = Base64URL.decode(device.signature), signature.count == 64,
            [text(version: 3), text(version: 2)].contains(where: {
                verifier.isValidSignature(signature, for: Array($0.utf8))
            })
        else { throw Self.refusal("device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID", "device-signature") }
        return Base64URL.encode(key)
    }

    /// The text that a client signs; version 3 also binds platform and family.
    func text(version: Int) -> String {
        let client = parameters.client
        let fields = [
            "v\(version)", device.id, client.id, client.mode, parameters.role,
            parameters.scopes.joined(separator: ","), String(device.signedAt), parameters.signedToken, device.nonce,
        ]
        let extra =
            version == 3 ? [Self.normalised(client.platform), Self.normalised(client.deviceFamily ?? "")] : []
        return (fields + extra).joined(separator: "|")
    }

    /// Trimmed, ASCII letters lower-cased.
    static func normalised(_ text: String) -> String {
        let scalars = text.unicodeScalars.drop(while: { $0.properties.isWhitespace })
        var lowered = String.UnicodeScalarView()
        for scalar in scalars {
            lowered.append(("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
        }
        while let last = lowered.last, last.properties.isWhitespace { lowered.removeLast() }
        return String(lowered)
    }

    /// 32 raw bytes in base64url, or a PEM SPKI of an Ed25519 key.
    private static func rawKey(_ text: String) -> [UInt8]? {
        guard text.contains("BEGIN PUBLIC KEY") else {
            return Base64URL.decode(text).flatMap { $0.count == 32 ? $0 : nil }
        }
        let body = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }.joined()
        // SPKI of Ed25519 is this prefix and the key (RFC 8410).
        let prefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
        guard let bytes = Base64URL.decode(body), bytes.count == prefix.count + 32, bytes.starts(with: prefix)
        else { return nil }
        return Array(bytes.suffix(32))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private static func refusal(_ message: String, _ code: String, _ reason: String) -> GatewayError {
        GatewayError(.invalidRequest, message, details: ["code": .string(code), "reason": .string(reason)])
    }
}

/// Comparison whose time tells nothing but the length.
enum ConstantTime {
    static func equal(_ left: String, _ right: String) -> Bool {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
