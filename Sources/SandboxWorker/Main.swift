import Glibc
import Logging
import NIOPosix
import ServiceLifecycle
import Shared
import UnixSignals

@main
struct SandboxWorkerMain {
    /// Exit code for what cannot get better by a restart (sysexits: configuration).
    private static let configurationProblem: Int32 = 78

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        umask(0o077)
        let logger = logger()
        do {
            let worker = try prepare(logger)
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        .init(
                            service: worker, successTerminationBehavior: .gracefullyShutdownGroup,
                            failureTerminationBehavior: .gracefullyShutdownGroup)
                    ],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            try await group.run()
            exit(worker.exitCode.get())
        } catch let error as NemoClawError {
            logger.error(
                "cannot run the worker",
                metadata: ["error.code": "\(error.code.rawValue)", "error.message": "\(error.description)"])
            exit(error.code == .protocolViolation || error.code == .userNamespacesDisabled ? configurationProblem : 70)
        } catch {
            logger.error("cannot run the worker", metadata: ["error.message": "\(error)"])
            exit(70)
        }
    }

    private static func prepare(_ logger: Logger) throws(NemoClawError) -> Worker {
        let launch = try LaunchReader.read(Worker.Descriptor.launch)
        var named: [String: CInt] = [:]
        for (index, name) in launch.descriptors.enumerated() {
            named[name] = Worker.Descriptor.firstNamed + CInt(index)
        }
        // Nothing that was handed to us is for the programs in the sandbox.
        for descriptor in [Worker.Descriptor.run, Worker.Descriptor.port, Worker.Descriptor.home] + named.values {
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
                throw NemoClawError(.protocolViolation, "descriptor \(descriptor) was not handed over")
            }
        }
        try GatewayFile.write(launch, home: HomeFolder(descriptor: Worker.Descriptor.home))
        let plan = SandboxPlan.make(launch: launch, descriptors: named, host: HostTree.read())
        let process = try SandboxLauncher.launch(plan)
        for descriptor in named.values { close(descriptor) }
        return Worker(
            launch: launch, process: process, initLink: try InitLink(process),
            group: MultiThreadedEventLoopGroup(numberOfThreads: 1), logger: logger, exitCode: ExitCode())
    }

    private static func logger() -> Logger {
        var logger = Logger(label: "nemoclaw.worker") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = getenv("NEMOCLAW_LOG_LEVEL").flatMap { Logger.Level(rawValue: String(cString: $0)) } ?? .info
        return logger
    }
}
