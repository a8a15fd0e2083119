import Glibc
import Shared
import SystemPackage

/// One session's append-only JSONL file: a header, then entries that point to the one before. Holds the file's lock.
struct Transcript: ~Copyable {
    /// An earlier message, reduced to what a model sees.
    struct Turn: Sendable, Equatable {
        enum Role: String, Sendable { case user, assistant }

        var role: Role
        var text: String
        var stopReason: String?
    }

    private let file: FileDescriptor
    private let lock: FileLock
    private let path: FilePath
    /// Earlier turns in order, as far as they lie in the file's last `AgentLimits.transcriptTail` bytes.
    let history: [Turn]
    private var lastId: String?
    private var route: TranscriptEntry.Route?

    /// Opens or creates the transcript, waits for its lock, and repairs a torn last line.
    static func open(
        _ path: FilePath, sessionId: String, cwd: String, nowMs: Int64, lockLimit: Duration,
        stop: StopRequest = StopRequest()
    ) async throws -> Transcript {
        try LocalFile.makeFolder(path.removingLastComponent())
        let lock = try await FileLock.acquire(for: path, limit: lockLimit, stop: stop)
        do {
            let file = try FileDescriptor.open(
                path, .readWrite, options: [.create, .append, .noFollow, .closeOnExec], permissions: [.ownerReadWrite])
            var transcript = try Transcript(file: file, lock: lock, path: path)
            if try file.seek(offset: 0, from: .end) == 0 {
                try transcript.append(TranscriptEntry.header(sessionId: sessionId, cwd: cwd, nowMs: nowMs))
                LocalFile.syncFolder(of: path)
            }
            return transcript
        } catch let error as NemoClawError {
            throw error
        } catch {
            throw NemoClawError(.stateCorrupt, "cannot open transcript \"\(path)\": \(error)")
        }
    }

    private init(file: FileDescriptor, lock: consuming FileLock, path: FilePath) throws {
        self.file = file
        self.lock = lock
        self.path = path
        do {
            let scan = try TranscriptScan(repairing: file)
            history = scan.turns
            lastId = scan.lastId
            route = scan.route
        } catch {
            try? file.close()  // try?: the first error is the one to tell
            throw error
        }
    }

    deinit {
        try? file.close()  // try?: every append was synced
    }

    mutating func appendUser(_ text: String, nowMs: Int64) throws {
        try append(.user(text, parent: lastId, nowMs: nowMs))
    }

    /// Appends the answer, after a `model_change` when another model answered than before.
    mutating func appendAssistant(_ message: TranscriptEntry.Assistant, nowMs: Int64) throws {
        if message.route != route, !message.route.isUnknown {
            try append(.modelChange(message.route, parent: lastId, nowMs: nowMs))
            route = message.route
        }
        try append(.assistant(message, parent: lastId, nowMs: nowMs))
    }

    private mutating func append(_ entry: TranscriptEntry) throws {
        do {
            try file.writeAll(try JSONCoding.encode(entry.json) + [0x0a])
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        } catch let error as Errno {
            let full = error == .noSpace || error == .diskQuotaExceeded
            throw NemoClawError(full ? .diskFull : .stateCorrupt, "cannot write transcript \"\(path)\": \(error)")
        }
        lastId = entry.id ?? lastId
    }
}
