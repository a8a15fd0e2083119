import Hummingbird
import Logging
import ServiceLifecycle
import Shared

/// `POST /v1/shutdown`: workers and sandboxes stop, then the supervisor ends. Wanted states stay, so that all come back.
struct ShutdownHandler: Service {
    private let lifecycle: Lifecycle
    private let requests: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(lifecycle: Lifecycle) {
        self.lifecycle = lifecycle
        (requests, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    func add(to router: Router<ControlContext>) {
        router.post("/v1/shutdown") { _, _ in
            await lifecycle.stopAll(within: SandboxOperations.stopLimit)
            continuation.yield()
            return try ControlBody.done()
        }
    }

    /// Ends when asked: that ends the whole group of services.
    func run() async {
        await withGracefulShutdownHandler {
            var iterator = requests.makeAsyncIterator()
            _ = await iterator.next()
        } onGracefulShutdown: {
            continuation.finish()
        }
    }
}
