import Shared
import Synchronization

/// The routes that the gateway obeys. Readers see a whole snapshot or the one after it, never a mixture.
final class RouteTable: Sendable {
    private struct State {
        var snapshot = RouteSnapshot()
        var prepared = PreparedRoutes(RouteSnapshot())
    }

    private let state = Mutex(State())
    private let counter = Atomic<UInt64>(1)

    init() {}

    func replace(_ snapshot: RouteSnapshot) {
        let prepared = PreparedRoutes(snapshot)
        state.withLock { $0 = State(snapshot: snapshot, prepared: prepared) }
        counter.add(1, ordering: .releasing)
    }

    func current() -> RouteSnapshot {
        state.withLock { $0.snapshot }
    }

    /// Grows with each `replace`, so that an event loop may keep `prepared()` until it changes.
    var generation: UInt64 { counter.load(ordering: .acquiring) }

    func prepared() -> PreparedRoutes {
        state.withLock { $0.prepared }
    }
}
