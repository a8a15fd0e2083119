import GRDB
import Shared
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// How the registry's file is opened: looked at first, changed only when it is ours and sound.
enum StoreOpening {
    static func open(path: String, pageLimit: Int?) throws(NemoClawError) -> DatabaseQueue {
        do {
            let exists = try createIfMissing(path)
            if exists { try inspectHeader(path) }
            let queue = try DatabaseQueue(path: path, configuration: configuration(pageLimit))
            do {
                try prepare(queue, path: path)
            } catch {
                try? queue.close()  // try?: the reason to give up is the error above
                throw error
            }
            return queue
        } catch {
            throw StoreFailure.error(for: error, path: path)
        }
    }

    private static func configuration(_ pageLimit: Int?) -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        // The state lock keeps other supervisors out; somebody may still look with the sqlite3 program.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            if let pageLimit { try database.execute(sql: "PRAGMA max_page_count = \(pageLimit)") }
        }
        return configuration
    }

    /// Checks before the first write, then turns on WAL and brings the schema up to date.
    private static func prepare(_ queue: DatabaseQueue, path: String) throws {
        try queue.inDatabase { database in
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard version <= StoreMigrations.newest else { throw StoreFailure.tooNew(path, version: version) }
            let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
            guard verdict == "ok" else { throw StoreFailure.corrupt(path, "its check failed") }
            let owner = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard owner == StoreMigrations.applicationID || (owner == 0 && tables == 0) else {
                throw StoreFailure.corrupt(path, "it is a database of another program")
            }
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try StoreMigrations.apply(to: database, from: version)
        }
    }

    /// Creates the file with its final mode, so that it is never readable by others; SQLite gives its WAL the same mode.
    /// - Returns: true if it was there before.
    private static func createIfMissing(_ path: String) throws -> Bool {
        do {
            let file = try FileDescriptor.open(
                FilePath(path), .readWrite, options: [.create, .exclusiveCreate, .noFollow],
                permissions: [.ownerReadWrite])
            try file.close()
            return false
        } catch Errno.fileExists {
            return true
        } catch let error as Errno {
            throw fault(error, path)
        }
    }

    /// Reads the 100-byte header (https://sqlite.org/fileformat.html, 1.3) without SQLite, which would create files next
    /// to it: a file that is not a database, or of a newer program, stays exactly as it is.
    private static func inspectHeader(_ path: String) throws {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.noFollow, .nonBlocking])
            defer { try? file.close() }  // try?: read only
            var status = stat()
            guard fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw StoreFailure.corrupt(path, "it is not a file") }
            let header = try [UInt8](unsafeUninitializedCapacity: 100) { buffer, count in
                count = try file.read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer(buffer))
            }
            try judge(header: header, path)
            guard status.st_mode & 0o077 == 0 || fchmod(file.rawValue, 0o600) == 0 else {
                throw Errno(rawValue: errno)
            }
        } catch let error as Errno {
            throw fault(error, path)
        }
    }

    private static func judge(header: [UInt8], _ path: String) throws {
        // Empty: a crash right after the file was created.
        if header.isEmpty { return }
        guard header.count == 100, header.starts(with: Array("SQLite format 3".utf8) + [0]) else {
            throw StoreFailure.corrupt(path, "it is not a registry")
        }
        let version = header[60..<64].reduce(0) { $0 << 8 | Int($1) }
        guard version <= StoreMigrations.newest else { throw StoreFailure.tooNew(path, version: version) }
    }

    private static func fault(_ error: Errno, _ path: String) -> NemoClawError {
        error == .noSpace
            ? NemoClawError(.diskFull, "cannot create the registry \"\(path)\": the disk is full")
            : NemoClawError(.unavailable, "cannot open the registry \"\(path)\": \(error)")
    }
}
