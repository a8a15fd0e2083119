import GRDB
import Shared

/// The one place where errors of the database become ours.
enum StoreFailure {
    static func error(for failure: any Error, path: String) -> NemoClawError {
        if let failure = failure as? NemoClawError { return failure }
        guard let failure = failure as? DatabaseError else {
            return NemoClawError(.internalError, "cannot use the registry \"\(path)\"")
        }
        switch failure.resultCode {
        case .SQLITE_FULL:
            return NemoClawError(
                .diskFull, "cannot write the registry \"\(path)\": the disk is full",
                hint: "Free space on that file system, then repeat the command: df -h \"\(path)\"")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return corrupt(path, "it is damaged or not a registry")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return NemoClawError(.busy, "cannot use the registry \"\(path)\": another program uses it")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_IOERR:
            return NemoClawError(
                .unavailable,
                "cannot use the registry \"\(path)\": input/output failed (\(failure.extendedResultCode.rawValue))")
        default:
            // The text of SQLite names columns and constraints; arguments, which may be secrets, are not in it.
            return NemoClawError(
                .internalError, "cannot use the registry \"\(path)\": \(failure.message ?? "unknown failure")")
        }
    }

    static func corrupt(_ path: String, _ reason: String) -> NemoClawError {
        NemoClawError(
            .stateCorrupt, "cannot open the registry \"\(path)\": \(reason)",
            hint: "Put a backup in its place, or move it away to start empty: mv \"\(path)\" \"\(path).broken\"")
    }

    static func tooNew(_ path: String, version: Int) -> NemoClawError {
        NemoClawError(
            .stateTooNew,
            "cannot open the registry \"\(path)\": its schema is \(version), this program knows "
                + "\(StoreMigrations.newest)",
            hint: "Install the newer version of nemoclaw again; see: nemoclaw --version")
    }
}
