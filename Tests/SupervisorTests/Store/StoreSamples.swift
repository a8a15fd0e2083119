import Shared
import SystemPackage
import TestSupport

@testable import Supervisor

/// Records and stores for tests.
enum StoreSamples {
    static func sandbox(_ name: String, port: UInt16 = 18789, uid: UInt32? = nil) throws -> SandboxRecord {
        SandboxRecord(
            name: try SandboxName(name), port: port, uid: uid, provider: "ollama-local",
            endpoint: "http://127.0.0.1:11434/v1", model: "m", wanted: .running, secret: Secret("s-\(name)"),
            gatewayToken: Secret("g-\(name)"), sandboxToken: Secret("t-\(name)"), sandboxKey: Secret("k-\(name)"),
            createdAtMs: 1_780_000_000_000)
    }

    /// A fresh store holding the named sandboxes on ports from 18789 up.
    static func with(_ names: String..., body: (Store, FilePath) async throws -> Void) async throws {
        try await TestFolder.with { folder in
            let path = folder.appending("registry.sqlite")
            let store = try Store.open(path: path.string)
            for (index, name) in names.enumerated() {
                try await store.insert(try sandbox(name, port: 18789 + UInt16(index)))
            }
            try await body(store, path)
            try await store.close()
        }
    }
}
