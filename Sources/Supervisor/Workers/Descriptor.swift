import Glibc
import Shared
import Synchronization
import SystemPackage

/// An open descriptor with one owner: closed when the last reference goes, unless it was given away.
final class Descriptor: Sendable {
    private static let none: CInt = -1
    private let held: Mutex<CInt>

    init(owning number: CInt) {
        held = Mutex(number)
    }

    deinit {
        let number = held.withLock { $0 }
        if number >= 0 { Glibc.close(number) }
    }

    /// The number, for a system call while the caller keeps this object alive; -1 after `release` or `close`.
    var number: CInt { held.withLock { $0 } }

    /// Gives the descriptor to the caller, who closes it.
    func release() -> CInt {
        held.withLock { number in
            defer { number = Self.none }
            return number
        }
    }

    func close() {
        let number = release()
        if number >= 0 { Glibc.close(number) }
    }

    /// A second descriptor of the same open file, close-on-exec.
    func duplicate() throws(NemoClawError) -> Descriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .system("cannot duplicate a descriptor", errno) }
        return Descriptor(owning: copy)
    }
}
