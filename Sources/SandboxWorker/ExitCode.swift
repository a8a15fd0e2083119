import Synchronization

/// How this process will end; set once the worker knows.
final class ExitCode: Sendable {
    private let value = Atomic<Int32>(70)

    func set(_ code: Int32) { value.store(code, ordering: .releasing) }
    func get() -> Int32 { value.load(ordering: .acquiring) }
}
