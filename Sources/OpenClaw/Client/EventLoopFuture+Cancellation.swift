import NIOCore

extension EventLoopFuture where Value: Sendable {
    /// The future's value; cancelling the task ends the wait at once (not the work behind the future).
    func cancellableValue() async throws -> Value {
        let promise = eventLoop.makePromise(of: Value.self)
        cascade(to: promise)
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }
}
