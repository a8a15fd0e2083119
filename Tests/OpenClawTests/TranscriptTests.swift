import Glibc
import Shared
import SystemPackage
import Testing
import TestSupport

@testable import OpenClaw

@Suite("Transcripts")
struct TranscriptTests {
    private func open(_ path: FilePath) async throws -> Transcript {
        try await Transcript.open(path, sessionId: "s1", cwd: "/w", nowMs: 1_780_000_000_000, lockLimit: .seconds(5))
    }

    private func lines(_ path: FilePath) throws -> [JSONValue] {
        try (LocalFile.read(path, limit: 1 << 20) ?? []).split(separator: 0x0a).map {
            try JSONCoding.decode(JSONValue.self, from: $0)
        }
    }

    private func fill(_ path: FilePath) async throws {
        var transcript = try await open(path)
        try transcript.appendUser("hi", nowMs: 1_780_000_000_001)
        try transcript.appendAssistant(
            .init(
                text: "hello", route: .init(provider: "p", model: "m"),
                usage: TokenUsage(input: 3, output: 2, cacheRead: 1, cacheWrite: 0, total: 6), stopReason: "stop"),
            nowMs: 1_780_000_000_002)
    }

    @Test("header, turn and answer lie there in OpenClaw's layout, each entry pointing to the one before")
    func layout() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let path = folder.appending("a").appending("s1.jsonl")
            try await fill(path)
            let entries = try lines(path)
            #expect(entries.map { $0["type"]?.stringValue } == ["session", "message", "model_change", "message"])
            #expect(entries[0]["id"] == "s1")
            #expect(entries[0]["version"] == 3)
            #expect(entries[0]["timestamp"] == "2026-05-28T20:26:40.000Z")
            #expect(entries[1]["parentId"] == .null)
            #expect(entries[2]["parentId"] == entries[1]["id"])
            #expect(entries[3]["parentId"] == entries[2]["id"])
            let message = entries[3]["message"]
            #expect(message?["provider"] == "p")
            #expect(message?["model"] == "m")
            #expect(message?["stopReason"] == "stop")
            #expect(message?["usage"]?["totalTokens"] == 6)
            #expect(message?["content"] == [["type": "text", "text": "hello"]])
        }
    }

    @Test("the chain and the earlier turns survive closing, and an unchanged model is not announced again")
    func reopened() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let path = folder.appending("s1.jsonl")
            try await fill(path)
            try await fill(path)
            let entries = try lines(path)
            #expect(entries.filter { $0["type"] == "model_change" }.count == 1)
            #expect(entries[4]["parentId"] == entries[3]["id"])
            let history = try await open(path).history
            #expect(history.map(\.text) == ["hi", "hello", "hi", "hello"])
        }
    }

    @Test("a last line torn at any byte is repaired, and nothing whole is lost")
    func torn() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let whole = folder.appending("whole.jsonl")
            try await fill(whole)
            let bytes = try #require(try LocalFile.read(whole, limit: 1 << 20))
            let lastLine = bytes.dropLast().lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
            let path = folder.appending("torn.jsonl")
            for cut in lastLine..<bytes.count {
                try LocalFile.replace(path, with: Array(bytes[..<cut]))
                var transcript = try await open(path)
                try transcript.appendUser("next", nowMs: 5)
                _ = consume transcript
                let kept = cut == bytes.count - 1 ? 4 : 3  // only the line end is missing: the line itself is whole
                let entries = try lines(path)
                #expect(entries.count == kept + 1, "cut at \(cut)")
                #expect(entries.last?["parentId"] == entries[kept - 1]["id"], "cut at \(cut)")
            }
        }
    }

    @Test("a damaged line in the middle is passed over")
    func damagedMiddle() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let path = folder.appending("s1.jsonl")
            try await fill(path)
            let bytes = try #require(try LocalFile.read(path, limit: 1 << 20))
            try LocalFile.replace(path, with: bytes + Array("{\"type\":\"mess\n[1,2]\n\n".utf8))
            let history = try await open(path).history
            #expect(history.count == 2)
        }
    }

    @Test("a link in the transcript's place is not followed")
    func link() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let target = folder.appending("target")
            try LocalFile.replace(target, with: [])
            let path = folder.appending("s1.jsonl")
            try #require(symlink(target.string, path.string) == 0)
            await #expect(throws: NemoClawError.self) { _ = try await open(path).history }
            #expect(try LocalFile.read(target, limit: 10) == [])
        }
    }

    @Test("a second writer is told that the session is busy, and gets in when the first is gone")
    func locked() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let path = folder.appending("s1.jsonl")
            let first = try await open(path)
            await #expect(throws: NemoClawError.self) {
                _ = try await Transcript.open(path, sessionId: "s1", cwd: "/", nowMs: 1, lockLimit: .zero).history
            }
            _ = consume first
            _ = try await open(path).history
        }
    }

    @Test("sessions.json gets the entry and keeps what others wrote")
    func index() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let index = SessionIndex(folder: folder)
            let route = TranscriptEntry.Route(provider: "p", model: "m")
            let other: JSONValue = ["k": ["sessionId": "s", "label": "mine"], "o": ["sessionId": "x"]]
            try LocalFile.replace(index.path, with: try JSONCoding.encode(other))
            try await index.record(
                key: "k", sessionId: "s", route: route, usage: TokenUsage(input: 1, output: 2, total: 3), nowMs: 9)
            try await index.record(
                key: "k", sessionId: "s", route: .init(provider: "unknown", model: "unknown"), usage: TokenUsage(),
                nowMs: 10)
            let entry = try #require(try index.load()["k"])
            #expect(entry["label"] == "mine")
            #expect(entry["totalTokens"] == 3)
            #expect(entry["modelProvider"] == "p")
            #expect(entry["sessionStartedAt"] == 9)
            #expect(entry["updatedAt"] == 10)
            #expect(try index.key(forSessionId: "x") == "o")
        }
    }
}
