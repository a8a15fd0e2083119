import ArgumentParser

/// Signals are set up before anything starts a thread, so that all threads inherit the mask.
@main
enum OpenClawMain {
    static func main() async {
        ProcessSignals.install(stop: CommandEnvironment.stop)
        await OpenClawCommand.main()
    }
}
