import FoundationEssentials
import Glibc
import Logging
import Shared

/// `nemoclaw-supervisor`: no arguments besides `--version` and `--help`; everything else comes from the environment.
@main
struct SupervisorMain {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case nil: break
        case "--version"?: return print("nemoclaw-supervisor \(ProductVersion.string)")
        case "--help"?, "-h"?: return print(help)
        case let other?: fail(NemoClawError(.invalidArgument, "unknown argument \"\(other.prefix(64))\"", hint: help))
        }
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)  // a peer that hangs up is an error of one write
        signal(SIGHUP, SIG_IGN)  // the terminal that started us may go
        do {
            let configuration = try SupervisorConfiguration(
                environment: ProcessInfo.processInfo.environment, user: geteuid())
            LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
            var logger = Logger(label: "nemoclaw.supervisor")
            logger.logLevel = configuration.logLevel
            try await SupervisorAssembly(configuration: configuration, logger: logger).run()
        } catch let error as NemoClawError {
            fail(error)
        } catch {
            fail(NemoClawError(.internalError, "supervisor ended: \(error)"))
        }
    }

    private static let help = "Usage: nemoclaw-supervisor   (start it with: nemoclaw up)"

    private static func fail(_ error: NemoClawError) -> Never {
        let text = "nemoclaw-supervisor: \(error.message)\n" + (error.hint.map { "  \($0)\n" } ?? "")
        _ = SmallFile.writeAll(2, Array(text.utf8))
        exit(error.code.exitCode)
    }
}
