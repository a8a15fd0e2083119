import Glibc
import Shared

/// A pipe that ends another thread's `poll`.
struct Wakeup: Sendable {
    let readEnd: Descriptor
    private let writeEnd: Descriptor

    init() throws(NemoClawError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("cannot create a pipe", errno) }
        readEnd = Descriptor(owning: ends[0])
        writeEnd = Descriptor(owning: ends[1])
        for end in ends {
            guard fcntl(end, F_SETFD, FD_CLOEXEC) == 0, fcntl(end, F_SETFL, O_NONBLOCK) == 0 else {
                throw .system("cannot set up a pipe", errno)
            }
        }
    }

    /// From any thread. A full pipe is awake already.
    func wake() {
        var byte: UInt8 = 1
        _ = write(writeEnd.number, &byte, 1)
    }

    func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(readEnd.number, &bytes, bytes.count) > 0 {}
    }
}
