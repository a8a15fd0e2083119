import Shared
import SystemPackage

/// `identity/device-auth.json`: the tokens that gateways issued to this device, by role.
struct DeviceTokenStore: Sendable {
    let path: FilePath

    struct Token: Sendable, Codable {
        var token: String
        var role: String
        var scopes: [String]
        var updatedAtMs: Int64
    }

    private struct Record: Codable {
        var version: Int
        var deviceId: String
        var tokens: [String: Token]
    }

    private static let maximumBytes = 256 << 10

    /// The stored token of `role`, if it was issued to this device.
    func token(deviceId: String, role: String) throws(NemoClawError) -> Token? {
        guard let record = try load(), record.deviceId == deviceId else { return nil }
        return record.tokens[role]
    }

    func store(_ token: Token, deviceId: String) throws(NemoClawError) {
        var record = try load() ?? Record(version: 1, deviceId: deviceId, tokens: [:])
        if record.deviceId != deviceId { record = Record(version: 1, deviceId: deviceId, tokens: [:]) }
        if let old = record.tokens[token.role], old.token == token.token, old.scopes == token.scopes { return }
        record.tokens[token.role] = token
        try save(record)
    }

    func remove(role: String, deviceId: String) throws(NemoClawError) {
        guard var record = try load(), record.deviceId == deviceId, record.tokens[role] != nil else { return }
        record.tokens[role] = nil
        try save(record)
    }

    private func save(_ record: Record) throws(NemoClawError) {
        try LocalFile.replace(path, with: try JSONCoding.encode(record, pretty: true) + [0x0a])
    }

    /// A damaged file counts as no tokens: they are a cache, the gateway issues new ones.
    private func load() throws(NemoClawError) -> Record? {
        guard let bytes = try LocalFile.read(path, limit: Self.maximumBytes) else { return nil }
        return try? JSONCoding.decode(Record.self, from: bytes)  // try?: see above
    }
}
