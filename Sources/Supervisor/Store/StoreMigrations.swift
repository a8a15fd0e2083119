import GRDB

/// Numbered steps of the schema. `PRAGMA user_version` counts the steps that were applied; a step never changes after
/// a release, a new one is added behind it.
enum StoreMigrations {
    /// "NmCl": tells our file from any other SQLite database.
    static let applicationID: Int32 = 0x4e6d_436c

    static var newest: Int { steps.count }

    /// Applies what is missing, each step in its own transaction with its number.
    static func apply(to database: Database, from version: Int) throws {
        for number in version..<max(version, newest) {
            try database.inTransaction {
                try database.execute(sql: steps[number])
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(number + 1)")
                return .commit
            }
        }
    }

    private static let steps = [sandboxes, scopes]

    private static let sandboxes = """
        CREATE TABLE sandboxes (
            name TEXT PRIMARY KEY, port INTEGER NOT NULL UNIQUE, uid INTEGER UNIQUE,
            provider TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL,
            wanted TEXT NOT NULL CHECK (wanted IN ('running', 'stopped')),
            secret TEXT NOT NULL, gatewayToken TEXT NOT NULL, sandboxToken TEXT NOT NULL, sandboxKey TEXT NOT NULL,
            createdAtMs INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE workers (
            sandbox TEXT PRIMARY KEY REFERENCES sandboxes (name) ON DELETE CASCADE,
            pid INTEGER NOT NULL, startTicks INTEGER NOT NULL, initPid INTEGER
        ) STRICT;
        CREATE TABLE defaults (
            id INTEGER PRIMARY KEY CHECK (id = 1), sandbox TEXT REFERENCES sandboxes (name) ON DELETE SET NULL
        ) STRICT;
        INSERT INTO defaults (id, sandbox) VALUES (1, NULL);
        """

    private static let scopes = """
        CREATE TABLE scopePolicies (
            sandbox TEXT PRIMARY KEY REFERENCES sandboxes (name) ON DELETE CASCADE, policy TEXT NOT NULL
        ) STRICT;
        CREATE TABLE devices (
            sandbox TEXT NOT NULL REFERENCES sandboxes (name) ON DELETE CASCADE, deviceId TEXT NOT NULL,
            publicKey TEXT NOT NULL, displayName TEXT, platform TEXT NOT NULL, deviceFamily TEXT,
            clientId TEXT NOT NULL, clientMode TEXT NOT NULL, roles TEXT NOT NULL, approvedScopes TEXT NOT NULL,
            sandboxScopes TEXT NOT NULL, approvedVia TEXT NOT NULL,
            createdAtMs INTEGER NOT NULL, approvedAtMs INTEGER NOT NULL, lastSeenAtMs INTEGER NOT NULL,
            PRIMARY KEY (sandbox, deviceId)
        ) STRICT;
        CREATE TABLE deviceTokens (
            id INTEGER PRIMARY KEY, sandbox TEXT NOT NULL, deviceId TEXT NOT NULL, role TEXT NOT NULL,
            hash BLOB NOT NULL, scopes TEXT NOT NULL, createdAtMs INTEGER NOT NULL, lastUsedAtMs INTEGER NOT NULL,
            FOREIGN KEY (sandbox, deviceId) REFERENCES devices (sandbox, deviceId) ON DELETE CASCADE
        ) STRICT;
        CREATE INDEX deviceTokensOfDevice ON deviceTokens (sandbox, deviceId, role);
        CREATE TABLE pendingRequests (
            requestId TEXT PRIMARY KEY, sandbox TEXT NOT NULL REFERENCES sandboxes (name) ON DELETE CASCADE,
            deviceId TEXT NOT NULL, publicKey TEXT NOT NULL, displayName TEXT, platform TEXT NOT NULL,
            deviceFamily TEXT, clientId TEXT NOT NULL, clientMode TEXT NOT NULL, roles TEXT NOT NULL,
            scopes TEXT NOT NULL, reason TEXT NOT NULL, provenance TEXT NOT NULL, ceiling TEXT NOT NULL,
            isRepair INTEGER NOT NULL,
            requestedAtMs INTEGER NOT NULL, expiresAtMs INTEGER NOT NULL,
            UNIQUE (sandbox, deviceId)
        ) STRICT;
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, atMs INTEGER NOT NULL, sandbox TEXT NOT NULL, actor TEXT NOT NULL,
            deviceId TEXT, provenance TEXT, asked TEXT NOT NULL, granted TEXT NOT NULL, outcome TEXT NOT NULL,
            rule TEXT NOT NULL, repeated INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX auditOfSandbox ON audit (sandbox, id);
        CREATE TRIGGER auditKeepsRows BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append only'); END;
        CREATE TRIGGER auditLosesNothing BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append only'); END;
        """
}
