import GRDB
import Shared

extension Store {
    /// Notes the process that serves a sandbox, in place of the one before.
    /// - Throws: `not_found` when the sandbox does not exist.
    func record(worker: WorkerRecord) throws(NemoClawError) {
        try write { database in
            try Self.requireSandbox(worker.name, in: database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO workers (sandbox, pid, startTicks, initPid) VALUES (?, ?, ?, ?)",
                arguments: [
                    worker.name.rawValue, Int64(worker.pid), Int64(bitPattern: worker.startTicks),
                    worker.initPid.map { Int64($0) },
                ])
        }
    }

    func worker(_ name: SandboxName) throws(NemoClawError) -> WorkerRecord? {
        try read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM workers WHERE sandbox = ?", arguments: [name.rawValue])
            guard let row else { return nil }
            let (pid, ticks, initPid): (Int64, Int64, Int64?) = (row["pid"], row["startTicks"], row["initPid"])
            return WorkerRecord(
                name: name, pid: Int32(truncatingIfNeeded: pid), startTicks: UInt64(bitPattern: ticks),
                initPid: initPid.map { Int32(truncatingIfNeeded: $0) })
        }
    }

    /// Forgets the process; nothing happens when none is known.
    func forgetWorker(_ name: SandboxName) throws(NemoClawError) {
        try write { try $0.execute(sql: "DELETE FROM workers WHERE sandbox = ?", arguments: [name.rawValue]) }
    }
}
