import GRDB
import Shared

/// The registry of one host: sandboxes, their workers, devices, pending requests and the audit.
///
/// One connection, one writer. Calls are synchronous inside the actor: transactions are small and the file is local.
/// WAL keeps the file consistent through any crash. Commits are `synchronous = FULL` (they survive a power cut:
/// a removed device must stay removed), except those marked `.routine`, which may be lost by a power cut without harm.
actor Store {
    enum Durability { case full, routine }

    private let queue: DatabaseQueue
    let path: String
    /// Lives here so that it changes together with the table it guards.
    var auditGate = AuditGate()

    private init(queue: DatabaseQueue, path: String) {
        self.queue = queue
        self.path = path
    }

    /// Opens or creates the registry; the folder must exist.
    /// - Parameter pageLimit: most pages of the file; for tests of a full disk.
    /// - Throws: `state_too_new`, `state_corrupt` (nothing was touched in both cases), `disk_full`, `unavailable`.
    static func open(path: String, pageLimit: Int? = nil) throws(NemoClawError) -> Store {
        Store(queue: try StoreOpening.open(path: path, pageLimit: pageLimit), path: path)
    }

    /// Ends the connection; the store throws from here on.
    func close() throws(NemoClawError) {
        do { try queue.close() } catch { throw StoreFailure.error(for: error, path: path) }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(NemoClawError) -> Value {
        do { return try queue.read(body) } catch { throw StoreFailure.error(for: error, path: path) }
    }

    /// One transaction: all of `body` or nothing.
    func write<Value>(_ durability: Durability = .full, _ body: (Database) throws -> Value) throws(NemoClawError)
        -> Value
    {
        do {
            if durability == .routine {
                // Only outside a transaction does SQLite accept the change; the queue has one user, this actor.
                try queue.inDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
            }
            defer {
                if durability == .routine {
                    // try?: on failure the next full commit would be a routine one; the connection is then broken anyway.
                    try? queue.inDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
                }
            }
            return try queue.write(body)
        } catch {
            throw StoreFailure.error(for: error, path: path)
        }
    }
}
