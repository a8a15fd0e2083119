import FoundationEssentials
import Shared
import SystemPackage

/// `identity/device.json` in OpenClaw's layout: PEM texts of the public key (SPKI) and the private key (PKCS#8).
struct DeviceIdentityStore: Sendable {
    let path: FilePath

    private struct Record: Codable {
        var version: Int
        var deviceId: String
        var publicKeyPem: String
        var privateKeyPem: String
        var createdAtMs: Int64
    }

    /// RFC 8410: what precedes the 32 bytes of an Ed25519 key.
    private static let publicPrefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
    private static let privatePrefix: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
    private static let maximumBytes = 64 << 10

    /// The stored identity; a new one is made and stored when there is none. Two programs that start at once end up
    /// with the same one.
    func loadOrCreate(nowMs: Int64) throws(NemoClawError) -> DeviceIdentity {
        if let found = try load() { return found }
        let fresh = DeviceIdentity(createdAtMs: nowMs)
        if try LocalFile.create(path, with: try Self.encode(fresh)) { return fresh }
        guard let other = try load() else {
            throw NemoClawError(.stateCorrupt, "device identity \"\(path)\" comes and goes")
        }
        return other
    }

    func load() throws(NemoClawError) -> DeviceIdentity? {
        guard let bytes = try LocalFile.read(path, limit: Self.maximumBytes) else { return nil }
        guard let record = try? JSONCoding.decode(Record.self, from: bytes),  // try?: the cause is the line below
            record.version == 1, let der = Self.der(record.privateKeyPem, label: "PRIVATE KEY"),
            der.starts(with: Self.privatePrefix), der.count >= Self.privatePrefix.count + 32
        else { throw damaged }
        let seed = Array(der[Self.privatePrefix.count..<Self.privatePrefix.count + 32])
        let identity = try DeviceIdentity(seed: seed, createdAtMs: record.createdAtMs)
        guard identity.deviceId == record.deviceId else { throw damaged }
        return identity
    }

    static func encode(_ identity: DeviceIdentity) throws(NemoClawError) -> [UInt8] {
        let record = Record(
            version: 1, deviceId: identity.deviceId,
            publicKeyPem: pem(publicPrefix + identity.publicKey, label: "PUBLIC KEY"),
            privateKeyPem: pem(privatePrefix + identity.seed.reveal(), label: "PRIVATE KEY"),
            createdAtMs: identity.createdAtMs)
        return try JSONCoding.encode(record, pretty: true) + [0x0a]
    }

    private var damaged: NemoClawError {
        NemoClawError(
            .stateCorrupt, "device identity \"\(path)\" is damaged",
            hint: "Remove it to get a new device, which must be approved again: rm \(path)")
    }

    private static func pem(_ der: [UInt8], label: String) -> String {
        "-----BEGIN \(label)-----\n\(Data(der).base64EncodedString())\n-----END \(label)-----\n"
    }

    private static func der(_ pem: String, label: String) -> [UInt8]? {
        let lines = pem.split(whereSeparator: \.isNewline)
        guard lines.count >= 3, lines.first == "-----BEGIN \(label)-----", lines.last == "-----END \(label)-----" else {
            return nil
        }
        return Data(base64Encoded: lines.dropFirst().dropLast().joined()).map { Array($0) }
    }
}
