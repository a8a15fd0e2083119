import Crypto
import FoundationEssentials
import Shared
import SystemPackage
import Testing
import TestSupport

@testable import OpenClaw

@Suite("Device identity")
struct DeviceIdentityTests {
    private let seed = (0..<32).map { UInt8($0) }

    private func vector() throws -> (DeviceIdentity, ConnectSignature) {
        let identity = try DeviceIdentity(seed: seed, createdAtMs: 1)
        let signature = ConnectSignature(
            deviceId: identity.deviceId, clientId: "cli", clientMode: "cli", role: "operator",
            scopes: ["operator.read", "operator.write"], signedAtMs: 1_780_000_000_000, token: "tok-123",
            nonce: "9f1c0d2e-0000-4000-8000-000000000001", platform: " Linux ")
        return (identity, signature)
    }

    @Test("the protocol's test vector: key, id and signed text")
    func signedText() throws {
        let (identity, signature) = try vector()
        #expect(identity.publicKeyText == "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg")
        #expect(identity.deviceId == "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c")
        #expect(
            signature.text
                == "v3|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|cli|cli|operator|"
                + "operator.read,operator.write|1780000000000|tok-123|9f1c0d2e-0000-4000-8000-000000000001|linux|")
    }

    @Test("the vector's own signature holds for our text, and so does ours")
    func signatures() throws {
        let (identity, signature) = try vector()
        let key = try Curve25519.Signing.PublicKey(rawRepresentation: identity.publicKey)
        let known = "6_sEOlEjQB3eHo4jynZaXUTFnCNRoso7xC7DN5xneHcFHk_t7Ax980yftBNMMBfgrGV_n-m4zZcU3sFunwMSBg"
        for text in [known, try identity.sign(signature.text)] {
            let standard = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
            let raw = try #require(Data(base64Encoded: String(standard) + "=="))
            #expect(raw.count == 64)
            #expect(key.isValidSignature(raw, for: Data(signature.text.utf8)))
        }
    }

    @Test("device.json comes back as the same device, 0600, in OpenClaw's layout")
    func roundTrip() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let path = folder.appending("identity").appending("device.json")
            let store = DeviceIdentityStore(path: path)
            let made = try store.loadOrCreate(nowMs: 42)
            let again = try store.loadOrCreate(nowMs: 43)
            #expect(again.deviceId == made.deviceId)
            #expect(again.createdAtMs == 42)
            let bytes = try #require(try LocalFile.read(path, limit: 65_536))
            let json = try JSONCoding.decode(JSONValue.self, from: bytes)
            #expect(json["version"] == 1)
            #expect(json["deviceId"]?.stringValue == made.deviceId)
            #expect(json["publicKeyPem"]?.stringValue?.hasPrefix("-----BEGIN PUBLIC KEY-----\n") == true)
            #expect(json["privateKeyPem"]?.stringValue?.hasPrefix("-----BEGIN PRIVATE KEY-----\n") == true)
            let mode = try FileManager.default.attributesOfItem(atPath: path.string)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("a damaged device.json is an error that names the way out, never a silent new device")
    func damaged() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let path = folder.appending("device.json")
            try LocalFile.replace(path, with: Array("{\"version\":1}".utf8))
            let error = #expect(throws: NemoClawError.self) {
                try DeviceIdentityStore(path: path).loadOrCreate(nowMs: 1)
            }
            #expect(error?.code == .stateCorrupt)
            #expect(error?.hint?.contains("rm \(path)") == true)
        }
    }

    @Test("an identity that was created by somebody else meanwhile wins")
    func race() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let path = folder.appending("device.json")
            #expect(try LocalFile.create(path, with: [1]))
            #expect(try !LocalFile.create(path, with: [2]))
            #expect(try LocalFile.read(path, limit: 10) == [1])
        }
    }

    @Test("issued tokens are kept for their device only")
    func tokens() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let store = DeviceTokenStore(path: folder.appending("device-auth.json"))
            let token = DeviceTokenStore.Token(token: "t", role: "operator", scopes: ["operator.write"], updatedAtMs: 1)
            try store.store(token, deviceId: "a")
            #expect(try store.token(deviceId: "a", role: "operator")?.token == "t")
            #expect(try store.token(deviceId: "b", role: "operator") == nil)
            try store.remove(role: "operator", deviceId: "a")
            #expect(try store.token(deviceId: "a", role: "operator") == nil)
        }
    }
}
