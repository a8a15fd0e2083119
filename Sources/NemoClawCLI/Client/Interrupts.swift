import Glibc
import Synchronization

/// Write end of the socket pair that signal handlers write to; a handler can reach nothing but a global.
private let interruptSocket = Atomic<Int32>(-1)

/// Signals as a readable descriptor, so that every wait of the program can also wait for Ctrl-C.
///
/// The handler only writes one byte (`signal-safety(7)`); everything else happens in the loop that polls `descriptor`.
final class Interrupts {
    let descriptor: Int32
    private let writeEnd: Int32
    private var former: [(Int32, sigaction)] = []

    /// Signals that end the program and need the terminal restored or a roll-back before.
    static let ending: [Int32] = [SIGINT, SIGTERM, SIGHUP]

    init(_ signals: [Int32] = Interrupts.ending) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        if socketpair(AF_UNIX, kind, 0, &ends) != 0 { ends = [-1, -1] }
        descriptor = ends[0]
        writeEnd = ends[1]
        interruptSocket.store(writeEnd, ordering: .sequentiallyConsistent)
        var action = sigaction()
        action.sa_flags = SA_RESTART
        action.__sigaction_handler.sa_handler = { signal in
            let saved = errno
            var byte = UInt8(truncatingIfNeeded: signal)
            _ = write(interruptSocket.load(ordering: .sequentiallyConsistent), &byte, 1)
            errno = saved
        }
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for signal in signals {
            var old = sigaction()
            sigaction(signal, &action, &old)
            former.append((signal, old))
            sigaddset(&wanted, signal)
        }
        // A mask survives exec (signal(7)): whoever started us from a thread that blocks all would make us deaf.
        sigprocmask(SIG_UNBLOCK, &wanted, nil)
    }

    deinit {
        for (signal, action) in former {
            var action = action
            sigaction(signal, &action, nil)
        }
        interruptSocket.store(-1, ordering: .sequentiallyConsistent)
        close(descriptor)
        close(writeEnd)
    }

    /// The next signal that came, nil when none waits.
    func next() -> Int32? {
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 1 ? Int32(byte) : nil
    }
}

/// A signal told this program to end. Its exit code is 128 + the signal.
struct Interrupted: Error, Equatable {
    let signal: Int32

    var exitCode: Int32 { 128 + signal }
}
