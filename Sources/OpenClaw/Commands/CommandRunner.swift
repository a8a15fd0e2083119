import ArgumentParser
import Shared

/// Runs a command's body, turns its outcome into an exit code, and every error into words.
enum CommandRunner {
    /// - Throws: `ExitCode` unless the body ended with 0.
    static func run(json: Bool = false, _ body: (CommandEnvironment) async throws -> Int32) async throws {
        let environment: CommandEnvironment
        do {
            environment = try CommandEnvironment.ofProcess()
        } catch {
            CommandOutput.standard.report(error)
            throw ExitCode(error.code.exitCode)
        }
        let code = await perform(environment, json: json, body)
        guard code == 0 else { throw ExitCode(code) }
    }

    /// The exit code of `body`: its own, 128 + n after a signal, else that of its error.
    static func perform(
        _ environment: CommandEnvironment, json: Bool, _ body: (CommandEnvironment) async throws -> Int32
    ) async -> Int32 {
        do {
            return try await body(environment)
        } catch {
            if let signal = environment.stop.signal { return 128 + signal }
            let known = words(error)
            environment.output.report(known)
            if json {
                let failure: JSONValue = [
                    "ok": false,
                    "error": [
                        "type": "cli_error", "code": .string(known.code.rawValue), "message": .string(known.message),
                    ],
                ]
                try? environment.output.print(failure)  // try?: the reason is on stderr already
            }
            return known.code.exitCode
        }
    }

    private static func words(_ error: any Error) -> NemoClawError {
        switch error {
        case let error as NemoClawError: error
        case let failure as HTTPFailure: NemoClawError(.unavailable, "cannot connect: \(failure.text)")
        case let refusal as GatewayRefusal: NemoClawError(.unavailable, refusal.message)
        case let failure as AgentFailure: NemoClawError(.unavailable, failure.message)
        case is EventSinkClosed: NemoClawError(.unavailable, "cannot write the result: nobody reads stdout")
        default: NemoClawError(.internalError, PrintableText.line("\(error)", limit: 300))
        }
    }
}
