import FoundationEssentials
import GRDB
import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import Supervisor

@Suite("opening the registry") struct StoreOpeningTests {
    @Test("the file and its companions are readable by the owner only, whatever the umask")
    func modes() async throws {
        try await StoreSamples.with("alpha") { _, path in
            for suffix in ["", "-wal", "-shm"] {
                let found = try mode(path.string + suffix)
                #expect(found == 0o600, "\(suffix)")
            }
        }
    }

    @Test("a file of ours that others could read is closed to them")
    func tightens() async throws {
        try await StoreSamples.with("alpha") { store, path in
            try await store.close()
            #expect(chmod(path.string, 0o644) == 0)
            let again = try Store.open(path: path.string)
            #expect(try mode(path.string) == 0o600)
            try await again.close()
        }
    }

    @Test("the connection keeps its promises: WAL, foreign keys, full synchronisation")
    func settings() async throws {
        try await StoreSamples.with("alpha") { store, _ in
            try await store.ledger(.routine, nowMs: 1) { _ in }
            let settings = try await store.read { database in
                try ["journal_mode", "foreign_keys", "synchronous", "user_version"].map {
                    try String.fetchOne(database, sql: "PRAGMA \($0)")
                }
            }
            #expect(settings == ["wal", "1", "2", "\(StoreMigrations.newest)"])
        }
    }

    @Test("a registry of a newer program is refused and not touched")
    func tooNew() async throws {
        try await StoreSamples.with("alpha") { store, path in
            try await store.write { try $0.execute(sql: "PRAGMA user_version = 1000") }
            try await store.close()
            try await expectUntouched(path, .stateTooNew)
        }
    }

    @Test(
        "what is not a registry is refused and not touched",
        arguments: [
            Array("some text that is longer than a header, so that its length does not give it away at all. ".utf8),
            [UInt8](repeating: 0, count: 4096), Array("SQLite format 3".utf8) + [0], [1],
        ])
    func notADatabase(bytes: [UInt8]) async throws {
        try await TestFolder.with { folder in
            let path = folder.appending("registry.sqlite")
            try Data(bytes).write(to: URL(filePath: path.string))
            #expect(chmod(path.string, 0o600) == 0)
            try await expectUntouched(path, .stateCorrupt)
        }
    }

    @Test("a damaged registry is refused and not touched")
    func damaged() async throws {
        try await StoreSamples.with("alpha") { store, path in
            try await store.close()
            let file = try FileDescriptor.open(path, .readWrite)
            let size = try file.seek(offset: 0, from: .end)
            // The header stays; every page behind the first is overwritten.
            try file.writeAll(toAbsoluteOffset: 4096, [UInt8](repeating: 0xa5, count: Int(size) - 4096))
            try file.close()
            try await expectUntouched(path, .stateCorrupt)
        }
    }

    @Test("a database of another program is refused and not touched")
    func foreign() async throws {
        try await TestFolder.with { folder in
            let path = folder.appending("registry.sqlite")
            let other = try DatabaseQueue(path: path.string)
            try await other.write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
            try other.close()
            #expect(chmod(path.string, 0o600) == 0)
            try await expectUntouched(path, .stateCorrupt)
        }
    }

    @Test("a link in the file's place is not followed")
    func link() async throws {
        try await TestFolder.with { folder in
            let (path, target) = (folder.appending("registry.sqlite"), folder.appending("target"))
            #expect(symlink(target.string, path.string) == 0)
            #expect(throws: NemoClawError.self) { try Store.open(path: path.string) }
            #expect(access(target.string, F_OK) != 0)
        }
    }

    @Test("an empty file, as a crash right after its creation leaves it, becomes a registry")
    func emptyFile() async throws {
        try await TestFolder.with { folder in
            let path = folder.appending("registry.sqlite")
            try Data().write(to: URL(filePath: path.string))
            let store = try Store.open(path: path.string)
            #expect(try await store.sandboxes().isEmpty)
            try await store.close()
        }
    }

    @Test("a full disk is named, the change is undone and the store works on")
    func diskFull() async throws {
        try await TestFolder.with { folder in
            let path = folder.appending("registry.sqlite").string
            try await Store.open(path: path).close()
            let store = try Store.open(path: path, pageLimit: 1)  // SQLite raises it to the pages in use
            var big = try StoreSamples.sandbox("alpha")
            big.model = String(repeating: "m", count: 200_000)
            await expectCode(.diskFull) { try await store.insert(big) }
            #expect(try await store.sandboxes().isEmpty)
            try await store.close()
        }
    }

    @Test("a folder that is missing is an error with the path")
    func missingFolder() async {
        await expectCode(.unavailable) { try Store.open(path: "/nonexistent-nemoclaw/registry.sqlite") }
    }

    @Test("a worker's death in the middle of writing loses nothing that was committed")
    func crash() async throws {
        try await TestFolder.with { folder in
            let path = folder.appending("registry.sqlite").string
            let store = try Store.open(path: path)
            try await store.insert(try StoreSamples.sandbox("alpha"))
            // A copy of the files as they are now is what a crash leaves behind: the change is in the WAL only.
            let copy = folder.appending("copy.sqlite").string
            for suffix in ["", "-wal"] {
                try Data(contentsOf: URL(filePath: path + suffix)).write(to: URL(filePath: copy + suffix))
            }
            let recovered = try Store.open(path: copy)
            #expect(try await recovered.sandboxes().map(\.name.rawValue) == ["alpha"])
            try await recovered.close()
            try await store.close()
        }
    }

    private func expectUntouched(_ path: FilePath, _ expected: ErrorCode) async throws {
        let folder = path.removingLastComponent().string
        let (before, names) = (try Data(contentsOf: URL(filePath: path.string)), try entries(folder))
        await expectCode(expected) { try Store.open(path: path.string) }
        #expect(try Data(contentsOf: URL(filePath: path.string)) == before)
        #expect(try entries(folder) == names)
    }

    private func entries(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func mode(_ path: String) throws -> UInt32 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
        return status.st_mode & 0o777
    }
}
