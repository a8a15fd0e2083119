import Crypto
import Shared
import Testing

@testable import SandboxWorker

/// The published vector: private seed 00 01 … 1f.
enum Vector {
    static let publicKey = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
    static let deviceId = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c"
    static let signedAt: Int64 = 1_780_000_000_000
    static let nonce = "9f1c0d2e-0000-4000-8000-000000000001"
    static let signature3 = "6_sEOlEjQB3eHo4jynZaXUTFnCNRoso7xC7DN5xneHcFHk_t7Ax980yftBNMMBfgrGV_n-m4zZcU3sFunwMSBg"
    static let signature2 = "Wx6qHB9xRL-NYgKihePS1JlnitmjHbyamtPiTSndp6GHLbbUXY5TkeRFVLQhz5VoD-PnYXpDOItKmCADc-bnAg"

    static func params(
        signature: String? = signature3, nonce: String = nonce, id: String = deviceId, key: String = publicKey,
        signedAt: Int64 = signedAt, token: String? = "tok-123",
        scopes: [JSONValue] = ["operator.read", "operator.write"],
        platform: String = "Linux ", minProtocol: Int64 = 4, maxProtocol: Int64 = 4, role: String? = "operator"
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "minProtocol": .int(minProtocol), "maxProtocol": .int(maxProtocol), "scopes": .array(scopes),
            "client": ["id": "cli", "version": "1", "platform": .string(platform), "mode": "cli"],
        ]
        members["role"] = role.map { .string($0) }
        members["auth"] = token.map { ["token": .string($0)] }
        members["device"] = signature.map {
            [
                "id": .string(id), "publicKey": .string(key), "signature": .string($0), "signedAt": .int(signedAt),
                "nonce": .string(nonce),
            ]
        }
        return .object(members)
    }
}

@Suite struct DeviceProofTests {
    private func verify(_ params: JSONValue, nonce: String = Vector.nonce, now: Int64 = Vector.signedAt) throws
        -> String
    {
        let parameters = try ConnectParameters(params)
        let device = try #require(parameters.device)
        return try DeviceProof(parameters: parameters, device: device, nonce: nonce, nowMilliseconds: now).verify()
    }

    @Test("the published signatures of both versions are accepted", arguments: [Vector.signature3, Vector.signature2])
    func vector(signature: String) throws {
        #expect(try verify(Vector.params(signature: signature)) == Vector.publicKey)
    }

    @Test("a PEM key is brought to its one spelling")
    func pem() throws {
        let raw = try #require(Base64URL.decode(Vector.publicKey))
        let prefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
        let pem = "-----BEGIN PUBLIC KEY-----\n\(Base64URL.encode(prefix + raw))\n-----END PUBLIC KEY-----\n"
        #expect(try verify(Vector.params(key: pem)) == Vector.publicKey)
    }

    @Test(
        "each broken proof has its own code",
        arguments: [
            (Vector.params(id: String(repeating: "0", count: 64)), 0, "DEVICE_AUTH_DEVICE_ID_MISMATCH"),
            (Vector.params(), 120_001, "DEVICE_AUTH_SIGNATURE_EXPIRED"),
            (Vector.params(), -120_001, "DEVICE_AUTH_SIGNATURE_EXPIRED"),
            (Vector.params(signedAt: Int64.max), -1, "DEVICE_AUTH_SIGNATURE_EXPIRED"),
            (Vector.params(nonce: ""), 0, "DEVICE_AUTH_NONCE_REQUIRED"),
            (Vector.params(nonce: "other"), 0, "DEVICE_AUTH_NONCE_MISMATCH"),
            (Vector.params(token: "other"), 0, "DEVICE_AUTH_SIGNATURE_INVALID"),
            (Vector.params(scopes: ["operator.admin"]), 0, "DEVICE_AUTH_SIGNATURE_INVALID"),
            (Vector.params(scopes: ["operator.write", "operator.read"]), 0, "DEVICE_AUTH_SIGNATURE_INVALID"),
            (Vector.params(platform: "mac"), 0, "DEVICE_AUTH_SIGNATURE_INVALID"),
            (Vector.params(signature: "AAAA"), 0, "DEVICE_AUTH_SIGNATURE_INVALID"),
            (Vector.params(key: "AAAA"), 0, "DEVICE_AUTH_PUBLIC_KEY_INVALID"),
        ] as [(JSONValue, Int64, String)])
    func broken(params: JSONValue, age: Int64, code: String) throws {
        let error = #expect(throws: GatewayError.self) { try verify(params, now: Vector.signedAt + age) }
        #expect(error?.details?["code"]?.stringValue == code)
    }
}
