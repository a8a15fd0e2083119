import ArgumentParser
import Shared

struct StartCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Start a stopped sandbox.")
    @OptionGroup var sandbox: SandboxArgument
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        try LifecycleChange.send("start", sandbox.name, json: output.json, context)
    }
}

struct StopCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "stop", abstract: "Stop a sandbox; its data stays.")
    @OptionGroup var sandbox: SandboxArgument
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        try LifecycleChange.send("stop", sandbox.name, json: output.json, context)
    }
}

struct RestartCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "restart", abstract: "Stop and start a sandbox.")
    @OptionGroup var sandbox: SandboxArgument
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        try LifecycleChange.send("restart", sandbox.name, json: output.json, context)
    }
}

/// `POST /v1/sandboxes/{name}/start`, `/stop`, `/restart`.
enum LifecycleChange {
    static func send(_ verb: String, _ name: String?, json: Bool, _ context: Context) throws -> Int32 {
        let client = context.client()
        let name = try client.resolve(name)
        let status = try client.call(
            "POST", "/v1/sandboxes/\(name)/\(verb)", milliseconds: ControlClient.createMilliseconds,
            as: SandboxStatus.self)
        if json {
            try context.console.json(status)
        } else {
            let reason = status.reason.map { " (\(Printable.line($0)))" } ?? ""
            context.console.result("\(name): \(status.state.rawValue)\(reason)")
        }
        let isReached = verb == "stop" ? status.state == .stopped : status.state == .ready
        return isReached ? 0 : 1
    }
}
