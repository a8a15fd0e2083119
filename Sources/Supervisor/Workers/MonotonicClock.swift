import NIOCore

/// Milliseconds that never go backwards, for deadlines.
enum MonotonicClock {
    static func milliseconds() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }
}
