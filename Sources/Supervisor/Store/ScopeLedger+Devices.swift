import GRDB
import Shared

extension ScopeLedger {
    func device(_ deviceId: String, in sandbox: SandboxName) throws -> PairedDevice? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM devices WHERE sandbox = ? AND deviceId = ?",
            arguments: [sandbox.rawValue, deviceId]
        ).map(PairedDevice.init(row:))
    }

    func devices(in sandbox: SandboxName) throws -> [PairedDevice] {
        try Row.fetchAll(database, sql: "SELECT * FROM devices WHERE sandbox = ?", arguments: [sandbox.rawValue])
            .map(PairedDevice.init(row:))
    }

    func deviceCount(in sandbox: SandboxName) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT count(*) FROM devices WHERE sandbox = ?", arguments: [sandbox.rawValue]) ?? 0
    }

    /// The device that was not seen for the longest time among those approved in one of these ways.
    func longestUnseen(in sandbox: SandboxName, via approvals: [PairedDevice.Approval]) throws -> PairedDevice? {
        try devices(in: sandbox).filter { approvals.contains($0.approvedVia) }
            .min { ($0.approvedVia, $0.lastSeenAtMs) < ($1.approvedVia, $1.lastSeenAtMs) }
    }

    /// Inserts or replaces by sandbox and id; tokens stay.
    func save(_ device: PairedDevice) throws {
        try database.execute(
            sql: """
                INSERT INTO devices (sandbox, deviceId, publicKey, displayName, platform, deviceFamily, clientId,
                    clientMode, roles, approvedScopes, sandboxScopes, approvedVia, createdAtMs, approvedAtMs,
                    lastSeenAtMs)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (sandbox, deviceId) DO UPDATE SET publicKey = excluded.publicKey,
                    displayName = excluded.displayName, platform = excluded.platform,
                    deviceFamily = excluded.deviceFamily, clientId = excluded.clientId,
                    clientMode = excluded.clientMode, roles = excluded.roles,
                    approvedScopes = excluded.approvedScopes, sandboxScopes = excluded.sandboxScopes,
                    approvedVia = excluded.approvedVia, createdAtMs = excluded.createdAtMs,
                    approvedAtMs = excluded.approvedAtMs, lastSeenAtMs = excluded.lastSeenAtMs
                """,
            arguments: [
                device.sandbox.rawValue, device.deviceId, device.publicKey, device.displayName, device.platform,
                device.deviceFamily, device.clientId, device.clientMode, ScopeList.text(device.roles),
                ScopeList.text(device.approvedScopes), ScopeList.text(device.sandboxScopes),
                device.approvedVia.rawValue, device.createdAtMs, device.approvedAtMs, device.lastSeenAtMs,
            ])
    }

    /// Removes the device with its tokens.
    func remove(device deviceId: String, in sandbox: SandboxName) throws {
        try database.execute(
            sql: "DELETE FROM devices WHERE sandbox = ? AND deviceId = ?", arguments: [sandbox.rawValue, deviceId])
    }

    /// Live tokens of a device, of one role or all.
    func tokens(of deviceId: String, in sandbox: SandboxName, role: String? = nil) throws -> [DeviceToken] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM deviceTokens WHERE sandbox = ? AND deviceId = ? AND (?3 IS NULL OR role = ?3)
                ORDER BY lastUsedAtMs DESC, id DESC
                """,
            arguments: [sandbox.rawValue, deviceId, role]
        ).map(DeviceToken.init(row:))
    }

    /// Adds a token; of more than `ScopeLimits.tokens` the longest unused ones die.
    func add(tokenHash: [UInt8], of deviceId: String, in sandbox: SandboxName, role: String, scopes: [String]) throws {
        for old in try tokens(of: deviceId, in: sandbox, role: role).dropFirst(ScopeLimits.tokens - 1) {
            try database.execute(sql: "DELETE FROM deviceTokens WHERE id = ?", arguments: [old.id])
        }
        try database.execute(
            sql: """
                INSERT INTO deviceTokens (sandbox, deviceId, role, hash, scopes, createdAtMs, lastUsedAtMs)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                sandbox.rawValue, deviceId, role, DatabaseBlob.value(tokenHash), ScopeList.text(scopes), nowMs, nowMs,
            ])
    }

    /// Notes that a token was used.
    func touch(_ token: DeviceToken) throws {
        guard nowMs - token.lastUsedAtMs >= ScopeLimits.coalescingMs else { return }
        try database.execute(
            sql: "UPDATE deviceTokens SET lastUsedAtMs = ? WHERE id = ?", arguments: [nowMs, token.id])
    }

    /// All tokens of a device die; it stays approved.
    func removeTokens(of deviceId: String, in sandbox: SandboxName) throws {
        try database.execute(
            sql: "DELETE FROM deviceTokens WHERE sandbox = ? AND deviceId = ?",
            arguments: [sandbox.rawValue, deviceId])
    }
}

extension PairedDevice {
    init(row: Row) throws {
        let via: String = row["approvedVia"]
        guard let via = Approval(rawValue: via) else {
            throw NemoClawError(.stateCorrupt, "cannot read a device of the registry")
        }
        self.init(
            sandbox: try SandboxName(row["sandbox"]), deviceId: row["deviceId"], publicKey: row["publicKey"],
            displayName: row["displayName"], platform: row["platform"], deviceFamily: row["deviceFamily"],
            clientId: row["clientId"], clientMode: row["clientMode"], roles: ScopeList.scopes(row["roles"]),
            approvedScopes: ScopeList.scopes(row["approvedScopes"]),
            sandboxScopes: ScopeList.scopes(row["sandboxScopes"]), approvedVia: via, createdAtMs: row["createdAtMs"],
            approvedAtMs: row["approvedAtMs"], lastSeenAtMs: row["lastSeenAtMs"])
    }
}

extension DeviceToken {
    init(row: Row) {
        self.init(
            id: row["id"], role: row["role"], hash: DatabaseBlob.bytes(row["hash"]),
            scopes: ScopeList.scopes(row["scopes"]), createdAtMs: row["createdAtMs"],
            lastUsedAtMs: row["lastUsedAtMs"])
    }
}
