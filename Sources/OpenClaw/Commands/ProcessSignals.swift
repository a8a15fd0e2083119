import Glibc

/// INT and TERM become a `StopRequest`; a second one ends the program at once. A closed pipe is an error, not a death.
enum ProcessSignals {
    static func install(stop: StopRequest) {
        signal(SIGPIPE, SIG_IGN)
        var set = stopSignals()
        guard pthread_sigmask(SIG_BLOCK, &set, nil) == 0 else { return }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 128 << 10)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let argument = Unmanaged.passRetained(stop)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { pointer in
                guard let pointer else { return nil }
                ProcessSignals.wait(Unmanaged<StopRequest>.fromOpaque(pointer).takeRetainedValue())
            }, argument.toOpaque())
        if result != 0 {
            argument.release()
            pthread_sigmask(SIG_UNBLOCK, &set, nil)  // better to die of a signal than to be deaf
        }
    }

    private static func wait(_ stop: StopRequest) -> Never {
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
