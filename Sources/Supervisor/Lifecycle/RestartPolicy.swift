/// When a dead worker is started again, and when we give up. A value: time comes in as milliseconds.
struct RestartPolicy: Sendable, Equatable {
    /// First restart at once: most deaths are single. Then 100 ms doubling, so that a loop costs little.
    static let firstDelayMilliseconds: Int64 = 100
    static let longestDelayMilliseconds: Int64 = 10_000
    /// Five deaths in a minute is a loop, not bad luck.
    static let ceiling = 5
    static let windowMilliseconds: Int64 = 60_000

    enum Decision: Equatable {
        case restart(afterMilliseconds: Int64)
        case giveUp
    }

    private var deaths: [Int64] = []
    private var consecutive = 0
    private var readySince: Int64?

    mutating func becameReady(at now: Int64) {
        readySince = now
    }

    /// Records one unplanned death.
    mutating func died(at now: Int64) -> Decision {
        if let since = readySince, now - since >= Self.windowMilliseconds { consecutive = 0 }
        readySince = nil
        deaths.removeAll { now - $0 >= Self.windowMilliseconds }
        deaths.append(now)
        consecutive += 1
        guard deaths.count < Self.ceiling else { return .giveUp }
        guard consecutive > 1 else { return .restart(afterMilliseconds: 0) }
        let doublings = min(consecutive - 2, 16)
        return .restart(
            afterMilliseconds: min(Self.firstDelayMilliseconds << doublings, Self.longestDelayMilliseconds))
    }

    /// An operator started it by hand: old deaths do not count.
    mutating func forget() {
        self = RestartPolicy()
    }
}
