import ServiceLifecycle
import Shared

/// Runs `Lifecycle` with the doors that its workers and sessions come through. Its end leaves the workers running.
struct LifecycleService: Service {
    let lifecycle: Lifecycle
    let door: WorkerDoor
    let doorkeeper: Doorkeeper
    let watcher: ProcessWatcher

    func run() async {
        doorkeeper.start()
        await withGracefulShutdownHandler {
            await lifecycle.serve(door.arrivals)
        } onGracefulShutdown: {
            door.close()
        }
        doorkeeper.stop()
        watcher.stop()
    }
}
