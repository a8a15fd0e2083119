@testable import SandboxWorker

/// Runs `body`, which blocks, on a thread of its own: Swift's pool has few threads, and what the test waits for needs them.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        _ = BlockingThread.start("test") { continuation.resume(with: Result(catching: body)) }
    }
}
