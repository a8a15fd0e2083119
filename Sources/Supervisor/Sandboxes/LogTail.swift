import Glibc
import Shared

/// The end of a worker's log, bounded whatever was written to it.
enum LogTail {
    static let maximumBytes = 1 << 20
    static let maximumLines = 10_000

    /// A log that is not there has no lines.
    static func read(_ path: String, lines wanted: Int) throws(NemoClawError) -> [String] {
        let number = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if number < 0 && errno == ENOENT { return [] }
        guard number >= 0 else { throw .system("cannot open \"\(path)\"", errno) }
        defer { close(number) }
        let size = lseek(number, 0, SEEK_END)
        guard size >= 0 else { throw .system("cannot read \"\(path)\"", errno) }
        let start = max(0, size - off_t(maximumBytes))
        var bytes = [UInt8](repeating: 0, count: Int(size - start))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(number, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, start + off_t(filled))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        var lines = bytes.prefix(filled).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if start > 0, !lines.isEmpty { lines.removeFirst() }  // begins in the middle
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.suffix(max(0, min(wanted, maximumLines))).map { String(decoding: $0, as: UTF8.self) }
    }
}
