import ArgumentParser
import Shared

/// From a command line to an exit code.
enum Program {
    static func run(_ arguments: [String], context: Context) -> Int32 {
        let console = context.console
        switch CommandGrammar.rewrite(arguments) {
        case .help:
            console.result(HelpText.text)
            return 0
        case .version:
            console.result("nemoclaw v\(ProductVersion.string)")
            return 0
        case .unknownCommand(let word):
            return unknown("Unknown command: \(Printable.line(word, limit: 64))", context)
        case .unknownAction(let sandbox, let action):
            return unknown("Unknown action for '\(sandbox)': \(Printable.line(action, limit: 64))", context)
        case .invocation(let invocation):
            return run(invocation, context)
        }
    }

    private static func run(_ invocation: Invocation, _ context: Context) -> Int32 {
        var wantsJSON = false
        do {
            var command = try parse(invocation.arguments)
            guard let own = command as? any ContextCommand else {
                try command.run()
                return 0
            }
            wantsJSON = own.wantsJSON
            return try own.execute(context)
        } catch let error as NemoClawError {
            if let name = invocation.sandboxFirst, error.code == .notFound {
                return unknown("Unknown command or sandbox: \(name)", context)
            }
            return report(error, wantsJSON: wantsJSON, context.console)
        } catch let interrupted as Interrupted {
            return interrupted.exitCode
        } catch {
            return parserExit(error, context.console)
        }
    }

    /// The command that rewritten arguments name.
    static func parse(_ arguments: [String]) throws -> any ParsableCommand { try Root.parseAsRoot(arguments) }

    /// Help is a result; a wrong option is an error with code 2.
    private static func parserExit(_ error: any Error, _ console: Console) -> Int32 {
        guard Root.exitCode(for: error).isSuccess else {
            console.note(Root.fullMessage(for: error))
            return 2
        }
        console.result(Root.fullMessage(for: error))
        return 0
    }

    static func report(_ error: NemoClawError, wantsJSON: Bool, _ console: Console) -> Int32 {
        if wantsJSON {
            // try?: an error of ours always has a JSON form; if not, its text follows.
            if let bytes = try? JSONCoding.encode(ControlFailure(error: error)) {
                console.note(String(decoding: bytes, as: UTF8.self))
                return error.code.exitCode
            }
        }
        console.note("nemoclaw: \(Printable.line(error.message, limit: 2048))")
        if let hint = error.hint { console.note("  \(Printable.line(hint, limit: 2048))") }
        return error.code.exitCode
    }

    private static func unknown(_ message: String, _ context: Context) -> Int32 {
        let console = context.console
        console.note(message)
        // try?: the list is an extra; without a supervisor there is none.
        if let list = try? context.client().sandboxes(probe: false), !list.sandboxes.isEmpty {
            console.note("Registered sandboxes: " + list.sandboxes.map(\.name.rawValue).joined(separator: ", "))
        }
        console.note("Run 'nemoclaw help' for usage.")
        return 1
    }
}
