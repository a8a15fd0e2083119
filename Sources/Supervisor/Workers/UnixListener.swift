import Glibc
import Shared

/// A listening Unix-domain socket at a path. It is bound beside the path and renamed over it, so that a stale socket of a
/// dead supervisor is replaced without a moment in which a peer finds nothing. The lock on the state folder keeps two
/// living supervisors apart.
enum UnixListener {
    /// Longest path that fits `sun_path` with its zero (`unix(7)`).
    static let longestPath = 107

    static func open(_ path: String, mode: mode_t, group: UInt32?) throws(NemoClawError) -> Descriptor {
        let temporary = try temporaryPath(for: path)
        unlink(temporary)
        let number = socket(
            AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard number >= 0 else { throw .system("cannot create a socket", errno) }
        let listener = Descriptor(owning: number)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: temporary.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(number, 128) == 0 else { throw .system("cannot listen on \"\(path)\"", errno) }
        try publish(temporary, as: path, mode: mode, group: group)
        return listener
    }

    /// Where to bind a socket that `publish` then moves to `path`.
    static func temporaryPath(for path: String) throws(NemoClawError) -> String {
        let temporary = path + ".new"
        guard temporary.utf8.count <= longestPath else {
            throw NemoClawError(
                .invalidArgument, "socket path \"\(path)\" is too long for the system",
                hint: "Set NEMOCLAW_HOME to a shorter path")
        }
        return temporary
    }

    /// Gives the socket its rights, then its name.
    static func publish(_ temporary: String, as path: String, mode: mode_t, group: UInt32?) throws(NemoClawError) {
        if let group, chown(temporary, uid_t.max, group) != 0 {
            throw .system("cannot set the group of \"\(path)\"", errno)
        }
        guard chmod(temporary, mode) == 0, rename(temporary, path) == 0 else {
            throw .system("cannot publish socket \"\(path)\"", errno)
        }
    }
}
