import ArgumentParser
import Glibc

/// The main thread waits for signals and the command runs in a task. An `async` main would not do: on Linux its main
/// thread sleeps in `sigsuspend` with every signal allowed, and TERM would end the program in the middle of a run.
@main
enum OpenClawMain {
    static func main() {
        ProcessSignals.block()
        start()
        ProcessSignals.wait(CommandEnvironment.stop)
    }

    /// Not isolated: the main actor's thread never comes back from `wait`.
    private nonisolated static func start() {
        Task { @concurrent in
            await OpenClawCommand.main()
            exit(0)
        }
    }
}
