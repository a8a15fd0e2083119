import Glibc
import Shared

/// The one supervisor of a state folder: an exclusive lock that ends with the process, however it ends.
final class StateLock: Sendable {
    private let file: Descriptor

    /// - Throws: `state_locked` naming the owner.
    init(state: String) throws(NemoClawError) {
        let path = "\(state)/lock"
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw .system("cannot open \"\(path)\"", errno) }
        file = Descriptor(owning: number)
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .system("cannot lock \"\(path)\"", errno) }
            let owner = SmallFile.read(path, limit: 32).map { String(decoding: $0, as: UTF8.self) }
            let pid = owner.flatMap { Int32($0.prefix { $0.isNumber }) }
            throw NemoClawError(
                .stateLocked,
                "state folder \"\(state)\" belongs to a running supervisor\(pid.map { " (pid \($0))" } ?? "")",
                hint: "Use that one: nemoclaw status. Or end it: nemoclaw down")
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(number, 0) == 0, SmallFile.writeAll(number, text) == 0 else {
            throw .system("cannot write \"\(path)\"", errno)
        }
    }
}
