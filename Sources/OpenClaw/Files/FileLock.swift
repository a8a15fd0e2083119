import Glibc
import Shared
import SystemPackage

/// An exclusive lock in `<file>.lock`, held by the kernel so that a crash frees it; the file names its holder.
struct FileLock: ~Copyable {
    private let descriptor: Int32
    private let path: FilePath

    /// Waits for the lock, looking again every 50 ms.
    /// - Throws: `busy` after `limit`; `CancellationError`, also when `stop` was asked for.
    static func acquire(for file: FilePath, limit: Duration, stop: StopRequest = StopRequest()) async throws
        -> FileLock
    {
        let path = FilePath(file.string + ".lock")
        let deadline = ContinuousClock.now + limit
        while true {
            if let lock = try attempt(path) { return lock }
            guard stop.signal == nil else { throw CancellationError() }
            guard ContinuousClock.now < deadline else {
                throw NemoClawError(
                    .busy, "session file \"\(file)\" is in use by another run",
                    hint: "Wait for that run to end, or use another --session-id")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static func attempt(_ path: FilePath) throws -> FileLock? {
        let descriptor = open(path.string, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw NemoClawError(.stateCorrupt, "cannot open lock \"\(path)\": \(Errno(rawValue: errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        // The holder removes the file when it ends: a lock on a removed file excludes nobody.
        var held = stat()
        var named = stat()
        guard fstat(descriptor, &held) == 0, stat(path.string, &named) == 0, held.st_ino == named.st_ino else {
            close(descriptor)
            return nil
        }
        let holder = Array("{\"pid\":\(getpid())}\n".utf8)
        ftruncate(descriptor, 0)
        _ = holder.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        return FileLock(descriptor: descriptor, path: path)
    }

    private init(descriptor: Int32, path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        unlink(path.string)
        close(descriptor)
    }
}
