import Shared

/// What a command line means, before any option is parsed.
struct Invocation: Equatable {
    /// For ArgumentParser.
    var arguments: [String]
    /// The word that was taken for a sandbox's name because it stood first.
    var sandboxFirst: String?

    init(_ arguments: [String], sandboxFirst: String? = nil) {
        self.arguments = arguments
        self.sandboxFirst = sandboxFirst
    }
}

/// `nemoclaw alpha exec -- ls` is the operator's form, `nemoclaw sandbox exec alpha -- ls` the parser's.
enum CommandGrammar {
    enum Result: Equatable {
        case invocation(Invocation)
        case help
        case version
        case unknownCommand(String)
        case unknownAction(sandbox: String, action: String)
    }

    /// Actions on one sandbox.
    static let actions: Set<String> = [
        "agent", "connect", "destroy", "exec", "gateway-token", "logs", "restart", "start", "status", "stop",
    ]
    /// Actions that without a name mean the default sandbox. `status` alone is the whole system's.
    static let defaultActions = actions.subtracting(["status"])
    static let globals: Set<String> = [
        "approvals", "down", "inference", "list", "onboard", "sandbox", "status", "up", "use",
    ]

    static func rewrite(_ arguments: [String]) -> Result {
        guard let first = arguments.first else { return .help }
        let rest = Array(arguments.dropFirst())
        switch first {
        case "-h", "--help": return .help
        case "-v", "--version", "version": return .version
        case "help": return help(rest)
        case _ where globals.contains(first): return .invocation(Invocation(arguments))
        case _ where defaultActions.contains(first): return .invocation(Invocation(["sandbox"] + arguments))
        case _ where SandboxName.reserved.contains(first) || !isName(first): return .unknownCommand(first)
        default: return sandboxFirst(first, rest)
        }
    }

    private static func help(_ rest: [String]) -> Result {
        guard !rest.isEmpty else { return .help }
        guard case .invocation(var invocation) = rewrite(rest) else { return rewrite(rest) }
        if !invocation.arguments.contains("--help") { invocation.arguments.append("--help") }
        return .invocation(invocation)
    }

    private static func sandboxFirst(_ name: String, _ rest: [String]) -> Result {
        guard let action = rest.first else {
            return .invocation(Invocation(["sandbox", "connect", name], sandboxFirst: name))
        }
        if action == "-h" || action == "--help" { return .help }
        guard actions.contains(action) else {
            // Options without an action belong to `connect`.
            guard action.hasPrefix("-"), action != "--" else { return .unknownAction(sandbox: name, action: action) }
            return .invocation(Invocation(["sandbox", "connect", name] + rest, sandboxFirst: name))
        }
        return .invocation(Invocation(["sandbox", action, name] + rest.dropFirst(), sandboxFirst: name))
    }

    private static func isName(_ text: String) -> Bool {
        do throws(NemoClawError) {
            _ = try SandboxName(text)
            return true
        } catch {
            return false
        }
    }
}
