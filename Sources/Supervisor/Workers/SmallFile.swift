import Glibc
import Shared

/// Whole small files, with a limit on reading and an atomic way of writing.
enum SmallFile {
    /// The first `limit` bytes; nil when it cannot be read.
    static func read(_ path: String, limit: Int, followLinks: Bool = false) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | (followLinks ? 0 : O_NOFOLLOW))
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var filled = 0
        while filled < limit {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: filled), limit - filled)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    /// Replaces `path` by `bytes`, all or nothing, readable by the owner only.
    static func write(_ path: String, _ bytes: [UInt8]) throws(NemoClawError) {
        let temporary = path + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .system("cannot create \"\(temporary)\"", errno) }
        let failure = fill(file, bytes)
        close(file)
        if failure != 0 {
            unlink(temporary)
            throw .system("cannot write \"\(path)\"", failure)
        }
        guard rename(temporary, path) == 0 else {
            let failure = errno
            unlink(temporary)
            throw .system("cannot replace \"\(path)\"", failure)
        }
    }

    /// Writes all of `bytes` and syncs; an errno or 0.
    private static func fill(_ file: CInt, _ bytes: [UInt8]) -> CInt {
        let failure = writeAll(file, bytes)
        if failure != 0 { return failure }
        return fsync(file) == 0 || errno == EINVAL ? 0 : errno
    }

    /// Writes all of `bytes` to a blocking descriptor; an errno or 0.
    static func writeAll(_ file: CInt, _ bytes: [UInt8]) -> CInt {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(file, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            written += count
        }
        return 0
    }
}
