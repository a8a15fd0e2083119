import Glibc

/// INT and TERM become a `StopRequest`; a second one ends the program at once. A closed pipe is an error, not a death.
enum ProcessSignals {
    /// Call before anything starts a thread: all threads inherit the mask.
    static func block() {
        signal(SIGPIPE, SIG_IGN)
        var set = stopSignals()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Turns signals into requests for ever.
    static func wait(_ stop: StopRequest) -> Never {
        var set = stopSignals()
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            if !stop.send(number) { _exit(128 + number) }
        }
    }

    private static func stopSignals() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        return set
    }
}
