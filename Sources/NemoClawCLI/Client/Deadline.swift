import Glibc

/// A moment on the monotonic clock after which a wait is given up. nil limit: never.
struct Deadline: Sendable, Equatable {
    private let nanoseconds: UInt64?

    static let never = Deadline(nanoseconds: nil)

    static func after(milliseconds: Int) -> Deadline {
        Deadline(nanoseconds: MonotonicClock.now() + UInt64(max(0, milliseconds)) * 1_000_000)
    }

    var hasPassed: Bool { nanoseconds.map { MonotonicClock.now() >= $0 } ?? false }

    /// What is left, for `poll`: -1 is for ever, rounded up so that a wait never ends early.
    var pollTimeout: Int32 {
        guard let nanoseconds else { return -1 }
        let now = MonotonicClock.now()
        guard nanoseconds > now else { return 0 }
        return Int32(clamping: (nanoseconds - now + 999_999) / 1_000_000)
    }

    /// The sooner of both.
    func sooner(_ other: Deadline) -> Deadline {
        switch (nanoseconds, other.nanoseconds) {
        case (nil, _): other
        case (_, nil): self
        case (let left?, let right?): left < right ? self : other
        }
    }
}

/// CLOCK_MONOTONIC in nanoseconds.
enum MonotonicClock {
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
