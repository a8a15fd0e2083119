import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import SandboxWorker

@Suite struct HomeFolderTests {
    private func withHome(_ body: (HomeFolder, String) async throws -> Void) async throws {
        try await TestFolder.with { path in
            let descriptor = open(path.string, O_RDONLY | O_DIRECTORY)
            defer { close(descriptor) }
            try await body(HomeFolder(descriptor: descriptor), path.string)
        }
    }

    @Test("what was written is read, 0600, and replaces what was there")
    func roundTrip() async throws {
        try await withHome { home, path in
            try home.write([".openclaw", "a", "f"], [1, 2, 3])
            try home.write([".openclaw", "a", "f"], [4])
            #expect(try home.read([".openclaw", "a", "f"], maximum: 10)?.bytes == [4])
            #expect(try home.read(["missing", "f"], maximum: 10) == nil)
            var status = stat()
            #expect(stat(path + "/.openclaw/a/f", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(try home.names(in: [".openclaw", "a"], maximum: 10) == ["f"])
        }
    }

    @Test("links are never followed, neither as a file nor on the way")
    func links() async throws {
        try await withHome { home, path in
            symlink("/etc/passwd", path + "/file")
            symlink("/etc", path + "/folder")
            #expect(throws: NemoClawError.self) { try home.read(["file"], maximum: 1 << 20) }
            #expect(throws: NemoClawError.self) { try home.read(["folder", "passwd"], maximum: 1 << 20) }
            #expect(throws: NemoClawError.self) { try home.write(["folder", "x"], [1]) }
            #expect(throws: NemoClawError.self) { try home.names(in: ["folder"], maximum: 5) }
            // Writing over a link replaces the link, not what it points to.
            try home.write(["file"], [7])
            #expect(try home.read(["file"], maximum: 1)?.bytes == [7])
        }
    }

    @Test("a pipe does not block us and is no file; nor is a folder")
    func pipes() async throws {
        try await withHome { home, path in
            mkfifo(path + "/pipe", 0o600)
            mkdir(path + "/dir", 0o700)
            #expect(throws: NemoClawError.self) { try home.read(["pipe"], maximum: 10) }
            #expect(throws: NemoClawError.self) { try home.read(["dir"], maximum: 10) }
        }
    }

    @Test("too long a file is refused, or read from its end")
    func long() async throws {
        try await withHome { home, _ in
            try home.write(["f"], [1, 2, 3, 4, 5])
            #expect(throws: NemoClawError.self) { try home.read(["f"], maximum: 4) }
            let tail = try #require(try home.read(["f"], maximum: 2, tail: true))
            #expect(tail.bytes == [4, 5] && tail.cut)
        }
    }

    @Test("no component may leave its folder", arguments: ["..", ".", "", "a/b"])
    func components(name: String) async throws {
        try await withHome { home, _ in
            #expect(throws: NemoClawError.self) { try home.read([name, "f"], maximum: 4) }
            #expect(throws: NemoClawError.self) { try home.write([name, "f"], []) }
        }
    }
}

@Suite struct SessionStoreTests {
    private func withStore(_ body: (SessionStore, HomeFolder, String) async throws -> Void) async throws {
        try await TestFolder.with { path in
            let descriptor = open(path.string, O_RDONLY | O_DIRECTORY)
            defer { close(descriptor) }
            let home = HomeFolder(descriptor: descriptor)
            try await body(SessionStore(home: home), home, path.string)
        }
    }

    private let folder = [".openclaw", "agents", "main", "sessions"]

    @Test("keys and ids resolve as clients expect")
    func resolve() async throws {
        try await withStore { store, home, _ in
            try home.write(
                folder + ["sessions.json"],
                Array(
                    #"{"agent:main:main":{"sessionId":"m1","updatedAt":5},"agent:main:x":{"sessionId":"known"}}"#.utf8))
            let main = try await store.resolve(agentId: nil, key: "main", sessionId: nil)
            #expect(main.key.text == "agent:main:main" && main.sessionId == "m1")
            let known = try await store.resolve(agentId: "main", key: nil, sessionId: "known")
            #expect(known.key.text == "agent:main:x")
            let fresh = try await store.resolve(agentId: "main", key: nil, sessionId: "debug")
            #expect(fresh.key.text == "agent:main:explicit:debug" && fresh.sessionId == "debug")
            let explicit = try await store.resolve(agentId: nil, key: "agent:main:explicit:debug", sessionId: nil)
            #expect(explicit.sessionId == "debug")
            for bad in ["../x", "a/b", ".hidden", "", String(repeating: "a", count: 129)] where !bad.isEmpty {
                await #expect(throws: GatewayError.self) {
                    try await store.resolve(agentId: "main", key: nil, sessionId: bad)
                }
            }
            for bad in ["agent:", "agent:main", "agent:main:", "agent:../x:y", "agent:a/b:c"] {
                await #expect(throws: GatewayError.self) {
                    try await store.resolve(agentId: nil, key: bad, sessionId: nil)
                }
            }
        }
    }

    @Test("a transcript with bad lines shows its good ones, newest last")
    func history() async throws {
        try await withStore { store, home, _ in
            let lines = [
                #"{"type":"session","version":3,"id":"s"}"#, "garbage", #"{"type":"message","message":5}"#,
                #"{"type":"message","message":{"role":"user","content":[{"type":"text","text":"hi"}]}}"#,
                String(repeating: "[", count: 5000),
                #"{"type":"message","message":{"role":"assistant","content":"longtext"}}"#,
            ]
            try home.write(folder + ["s.jsonl"], Array(lines.joined(separator: "\n").utf8))
            let session = try await store.resolve(agentId: "main", key: "agent:main:explicit:s", sessionId: nil)
            let all = await store.history(session, limit: 100, maximumCharacters: 4)
            #expect(all.count == 2)
            #expect(all.first?["role"] == "user")
            #expect(all.last?["content"]?.stringValue?.hasPrefix("long\n") == true)
            let last = await store.history(session, limit: 1, maximumCharacters: nil)
            #expect(last.count == 1 && last.first?["role"] == "assistant")
        }
    }

    @Test("a planted link reads as no session at all")
    func planted() async throws {
        try await withStore { store, home, path in
            try home.write(folder + ["x"], [])
            symlink("/etc/passwd", path + "/.openclaw/agents/main/sessions/sessions.json")
            symlink("/etc/passwd", path + "/.openclaw/agents/main/sessions/s.jsonl")
            #expect(await store.list([:], now: 0).isEmpty)
            let session = try await store.resolve(agentId: "main", key: nil, sessionId: "s")
            #expect(await store.history(session, limit: 10, maximumCharacters: nil).isEmpty)
        }
    }

    @Test("a patch is kept beside the agent's file and can be taken back")
    func patch() async throws {
        try await withStore { store, home, _ in
            try home.write(
                folder + ["sessions.json"], Array(#"{"agent:main:main":{"sessionId":"m1","updatedAt":5}}"#.utf8))
            let key = SessionKey(agentId: "main", rest: "main")
            let entry = try await store.patch(key, ["key": "main", "label": "L", "model": "m2"], now: 9)
            #expect(entry["label"] == "L" && entry["sessionId"] == "m1")
            #expect(try await store.resolve(agentId: nil, key: "main", sessionId: nil).model == "m2")
            #expect(await store.list(["label": "L"], now: 9).count == 1)
            _ = try await store.patch(key, ["key": "main", "model": nil], now: 10)
            #expect(try await store.resolve(agentId: nil, key: "main", sessionId: nil).model == nil)
        }
    }
}
