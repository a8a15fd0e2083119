import GRDB
import Shared

extension ScopeLedger {
    func pending(of deviceId: String, in sandbox: SandboxName) throws -> PendingRequest? {
        try first("sandbox = ? AND deviceId = ?", [sandbox.rawValue, deviceId])
    }

    func pending(_ requestId: String) throws -> PendingRequest? { try first("requestId = ?", [requestId]) }

    /// Requests of one sandbox or all, oldest first.
    func pending(in sandbox: SandboxName?) throws -> [PendingRequest] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM pendingRequests WHERE ?1 IS NULL OR sandbox = ?1 ORDER BY requestedAtMs, requestId",
            arguments: [sandbox?.rawValue]
        ).map(PendingRequest.init(row:))
    }

    func insert(_ request: PendingRequest) throws {
        try database.execute(
            sql: """
                INSERT INTO pendingRequests (requestId, sandbox, deviceId, publicKey, displayName, platform,
                    deviceFamily, clientId, clientMode, roles, scopes, reason, provenance, ceiling, isRepair,
                    requestedAtMs, expiresAtMs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                request.requestId, request.sandbox.rawValue, request.deviceId, request.publicKey, request.displayName,
                request.platform, request.deviceFamily, request.clientId, request.clientMode,
                ScopeList.text(request.roles), ScopeList.text(request.scopes), request.reason.rawValue,
                request.provenance.rawValue, request.ceiling.rawValue, request.isRepair, request.requestedAtMs,
                request.expiresAtMs,
            ])
    }

    func refresh(_ requestId: String, expiresAtMs: Int64) throws {
        try database.execute(
            sql: "UPDATE pendingRequests SET expiresAtMs = ? WHERE requestId = ?", arguments: [expiresAtMs, requestId])
    }

    func remove(request requestId: String) throws {
        try database.execute(sql: "DELETE FROM pendingRequests WHERE requestId = ?", arguments: [requestId])
    }

    /// Removes what waited too long and notes it; before every look at requests.
    mutating func prune() throws {
        let old = try Row.fetchAll(
            database, sql: "SELECT * FROM pendingRequests WHERE expiresAtMs <= ?", arguments: [nowMs]
        ).map(PendingRequest.init(row:))
        for request in old {
            try remove(request: request.requestId)
            try audit(
                AuditRecord(
                    atMs: nowMs, sandbox: request.sandbox, actor: "clock", deviceId: request.deviceId,
                    provenance: request.provenance, asked: request.scopes, granted: [], outcome: .expired,
                    rule: .expired))
        }
    }

    private func first(_ condition: String, _ arguments: StatementArguments) throws -> PendingRequest? {
        try Row.fetchOne(database, sql: "SELECT * FROM pendingRequests WHERE \(condition)", arguments: arguments)
            .map(PendingRequest.init(row:))
    }
}

extension PendingRequest {
    init(row: Row) throws {
        let (reason, provenance, ceiling): (String, String, String) = (row["reason"], row["provenance"], row["ceiling"])
        guard let reason = DeviceConnectDecision.PairingReason(rawValue: reason),
            let provenance = Provenance(rawValue: provenance), let ceiling = PairingCeiling(rawValue: ceiling)
        else { throw NemoClawError(.stateCorrupt, "cannot read a pending request of the registry") }
        self.init(
            requestId: row["requestId"], sandbox: try SandboxName(row["sandbox"]), deviceId: row["deviceId"],
            publicKey: row["publicKey"], displayName: row["displayName"], platform: row["platform"],
            deviceFamily: row["deviceFamily"], clientId: row["clientId"], clientMode: row["clientMode"],
            roles: ScopeList.scopes(row["roles"]), scopes: ScopeList.scopes(row["scopes"]), reason: reason,
            provenance: provenance, ceiling: ceiling, isRepair: row["isRepair"], requestedAtMs: row["requestedAtMs"],
            expiresAtMs: row["expiresAtMs"])
    }
}
