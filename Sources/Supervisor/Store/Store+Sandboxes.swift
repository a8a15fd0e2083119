import GRDB
import Shared

extension Store {
    /// All sandboxes by name.
    func sandboxes() throws(NemoClawError) -> [SandboxRecord] {
        try read { try Row.fetchAll($0, sql: "SELECT * FROM sandboxes ORDER BY name").map(SandboxRecord.init(row:)) }
    }

    func sandbox(_ name: SandboxName) throws(NemoClawError) -> SandboxRecord? {
        try read {
            try Row.fetchOne($0, sql: "SELECT * FROM sandboxes WHERE name = ?", arguments: [name.rawValue])
                .map(SandboxRecord.init(row:))
        }
    }

    /// - Throws: `name_taken`; `port_in_use` when another sandbox has the port; `invalid_argument` for its uid.
    func insert(_ record: SandboxRecord) throws(NemoClawError) {
        try write { database in
            try Self.refuseCollisions(of: record, in: database)
            try database.execute(
                sql: """
                    INSERT INTO sandboxes (name, port, uid, provider, endpoint, model, wanted, secret, gatewayToken,
                        sandboxToken, sandboxKey, createdAtMs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    record.name.rawValue, Int64(record.port), record.uid.map { Int64($0) }, record.provider,
                    record.endpoint, record.model, record.wanted.rawValue, record.secret.reveal(),
                    record.gatewayToken.reveal(), record.sandboxToken.reveal(), record.sandboxKey.reveal(),
                    record.createdAtMs,
                ])
        }
    }

    /// - Throws: `not_found`.
    func setRoute(_ name: SandboxName, provider: String, endpoint: String, model: String) throws(NemoClawError) {
        try change(name, "provider = ?, endpoint = ?, model = ?", [provider, endpoint, model])
    }

    /// - Throws: `not_found`.
    func setWanted(_ name: SandboxName, _ wanted: WantedState) throws(NemoClawError) {
        try change(name, "wanted = ?", [wanted.rawValue])
    }

    /// - Throws: `not_found`; `port_in_use` when another sandbox has it.
    func setPort(_ name: SandboxName, _ port: UInt16) throws(NemoClawError) {
        try write { database in
            try Self.refusePort(port, for: name, in: database)
            try Self.change(name, "port = ?", [Int64(port)], in: database)
        }
    }

    /// Removes the sandbox with its worker, devices, tokens, policy and pending requests; its audit stays.
    /// - Throws: `not_found`.
    func delete(_ name: SandboxName) throws(NemoClawError) {
        try write { database in
            try database.execute(sql: "DELETE FROM sandboxes WHERE name = ?", arguments: [name.rawValue])
            guard database.changesCount == 1 else { throw Self.unknown(name) }
        }
    }

    /// Users that sandboxes own.
    func usedUIDs() throws(NemoClawError) -> Set<UInt32> {
        try read { database in
            let uids = try Int64.fetchAll(database, sql: "SELECT uid FROM sandboxes WHERE uid IS NOT NULL")
            return Set(uids.map { UInt32(truncatingIfNeeded: $0) })
        }
    }

    func defaultSandbox() throws(NemoClawError) -> SandboxName? {
        try read { database in
            try String.fetchOne(database, sql: "SELECT sandbox FROM defaults WHERE sandbox IS NOT NULL")
                .map { try SandboxName($0) }
        }
    }

    /// - Throws: `not_found`.
    func setDefaultSandbox(_ name: SandboxName?) throws(NemoClawError) {
        try write { database in
            if let name { try Self.requireSandbox(name, in: database) }
            try database.execute(sql: "UPDATE defaults SET sandbox = ? WHERE id = 1", arguments: [name?.rawValue])
        }
    }

    static func requireSandbox(_ name: SandboxName, in database: Database) throws {
        let found = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM sandboxes WHERE name = ?)", arguments: [name.rawValue])
        guard found == true else { throw unknown(name) }
    }

    static func unknown(_ name: SandboxName) -> NemoClawError {
        NemoClawError(.notFound, "sandbox \"\(name)\" does not exist", hint: "See which there are: nemoclaw list")
    }

    private func change(_ name: SandboxName, _ assignments: String, _ values: StatementArguments)
        throws(NemoClawError)
    {
        try write { try Self.change(name, assignments, values, in: $0) }
    }

    private static func change(
        _ name: SandboxName, _ assignments: String, _ values: StatementArguments, in database: Database
    ) throws {
        try database.execute(
            sql: "UPDATE sandboxes SET \(assignments) WHERE name = ?", arguments: values + [name.rawValue])
        guard database.changesCount == 1 else { throw unknown(name) }
    }

    private static func refuseCollisions(of record: SandboxRecord, in database: Database) throws {
        let taken = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM sandboxes WHERE name = ?)", arguments: [record.name.rawValue])
        guard taken != true else {
            throw NemoClawError(
                .nameTaken, "sandbox \"\(record.name)\" exists already",
                hint: "Choose another name, or see what it is: nemoclaw \(record.name) status")
        }
        try refusePort(record.port, for: record.name, in: database)
        guard let uid = record.uid else { return }
        let owner = try String.fetchOne(
            database, sql: "SELECT name FROM sandboxes WHERE uid = ?", arguments: [Int64(uid)])
        if let owner { throw NemoClawError(.invalidArgument, "uid \(uid) belongs to sandbox \"\(owner)\"") }
    }

    private static func refusePort(_ port: UInt16, for name: SandboxName, in database: Database) throws {
        let owner = try String.fetchOne(
            database, sql: "SELECT name FROM sandboxes WHERE port = ? AND name <> ?",
            arguments: [Int64(port), name.rawValue])
        if let owner { throw NemoClawError(.portInUse, "port \(port) belongs to sandbox \"\(owner)\"") }
    }
}

extension SandboxRecord {
    fileprivate init(row: Row) throws {
        let wanted: String = row["wanted"]
        let port: Int64 = row["port"]
        let uid: Int64? = row["uid"]
        self.init(
            name: try SandboxName(row["name"]), port: UInt16(truncatingIfNeeded: port),
            uid: uid.map { UInt32(truncatingIfNeeded: $0) }, provider: row["provider"], endpoint: row["endpoint"],
            model: row["model"], wanted: WantedState(rawValue: wanted) ?? .stopped, secret: Secret(row["secret"]),
            gatewayToken: Secret(row["gatewayToken"]), sandboxToken: Secret(row["sandboxToken"]),
            sandboxKey: Secret(row["sandboxKey"]), createdAtMs: row["createdAtMs"])
    }
}
