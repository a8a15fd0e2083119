import Glibc

/// Small files: what `/proc` says, and a log's end.
enum SmallFile {
    /// Longest text that is read.
    private static let limit = 65_536

    static func read(_ path: String, from start: Int = 0) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if start > 0 { lseek(descriptor, off_t(start), SEEK_SET) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while bytes.count < limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func size(_ path: String) -> Int {
        var info = stat()
        return stat(path, &info) == 0 ? Int(info.st_size) : 0
    }

    /// The last lines of what was written after `start`.
    static func lastLines(_ path: String, from start: Int, count: Int) -> [String] {
        let start = max(start, size(path) - limit)
        return (read(path, from: start) ?? "").split(separator: "\n").suffix(count).map(String.init)
    }
}

/// Folders of our own.
enum Folder {
    /// Makes the folder and what leads to it, 0700.
    static func make(_ path: String) throws {
        var built = ""
        for part in path.split(separator: "/") {
            built += "/\(part)"
            if mkdir(built, 0o700) != 0 && errno != EEXIST && errno != EISDIR && errno != EROFS {
                throw SystemFailure.error("make folder \"\(built)\"", errno)
            }
        }
        guard access(path, W_OK | X_OK) == 0 else { throw SystemFailure.error("write to folder \"\(path)\"", errno) }
    }
}
