import Glibc
import Shared

/// Runs a command in a sandbox and keeps what it prints.
struct SandboxCapture {
    struct Result {
        var exitCode: Int32
        var output: [UInt8]
        var errors: [UInt8]
        var isOverLimit: Bool
    }

    let context: Context
    let sandbox: SandboxName
    let interrupts: Interrupts?

    /// - Parameters:
    ///   - limit: longest output that is kept, in bytes.
    ///   - showsErrors: stderr goes to this program's own as it comes; else it is kept, up to 64 KiB.
    func run(
        _ argv: [String], directory: String = "/sandbox", limit: Int, showsErrors: Bool, timeout: Deadline
    ) throws -> Result {
        let connection = try SessionConnection.open(
            socket: context.folders.sessionSocket, sandbox: sandbox, interrupts: interrupts)
        var pump = SessionPump(
            connection: connection, input: nil, output: .memory(limit: limit),
            errors: showsErrors ? .descriptor(context.console.errors) : .memory(limit: 65_536))
        pump.interrupts = interrupts
        pump.timeout = timeout
        let code = try pump.run(SessionRequest(argv: argv, directory: directory))
        return Result(
            exitCode: code, output: pump.output.bytes, errors: pump.errors.bytes, isOverLimit: pump.output.isOverLimit)
    }
}
