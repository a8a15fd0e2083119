import ArgumentParser
import Shared

struct InferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inference", abstract: "Show and switch the sandboxes' routes.",
        subcommands: [InferenceGetCommand.self, InferenceSetCommand.self])
}

struct InferenceGetCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show the routes.")
    @Option(help: "Only this sandbox's.") var sandbox: String?
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let client = context.client()
        let sandboxes =
            try sandbox.map { [try client.sandbox(try SandboxName($0))] }
            ?? client.sandboxes(probe: false).sandboxes
        if output.json {
            let rows = sandboxes.map { sandbox -> JSONValue in
                [
                    "sandbox": .string(sandbox.name.rawValue), "provider": .string(sandbox.provider),
                    "model": .string(sandbox.model), "endpoint": .string(sandbox.endpoint),
                ]
            }
            try context.console.json(["schemaVersion": 1, "routes": .array(rows)] as JSONValue)
        } else if sandboxes.isEmpty {
            context.console.result(SandboxListText.empty)
        } else {
            for sandbox in sandboxes {
                context.console.result(
                    "\(Columns.padded(sandbox.name.rawValue, SandboxName.maximumLength))  "
                        + "\(Printable.line(sandbox.provider)) / \(Printable.line(sandbox.model))")
            }
        }
        return 0
    }
}

struct InferenceSetCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Switch a sandbox's provider and model at run time.")
    @Option(help: "Provider, like ollama-local.") var provider: String
    @Option(help: "Model, as the provider names it.") var model: String
    @Option(help: "Sandbox (else the default one).") var sandbox: String?
    @Option(name: .customLong("endpoint-url"), help: "Base URL (else the provider's own).") var endpoint: String?
    @Flag(name: [.customLong("no-verify"), .customLong("no-probe")], help: "Do not ask the provider first.")
    var noProbe = false
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let provider = try Provider.named(provider)
        let client = context.client()
        let name = try client.resolve(sandbox)
        let request = RouteRequest(
            provider: provider.id, model: model, endpoint: endpoint ?? context.variable("NEMOCLAW_ENDPOINT_URL"),
            credential: ProviderKey.fromEnvironment(provider, context)?.reveal(), probe: !noProbe)
        let status = try client.call(
            "PUT", "/v1/sandboxes/\(name)/route", body: try JSONCoding.encode(request),
            milliseconds: ControlClient.changeMilliseconds, as: SandboxStatus.self)
        if output.json {
            try context.console.json(status)
        } else {
            context.console.result(
                "\(name): \(Printable.line(status.provider)) / \(Printable.line(status.model))")
        }
        return 0
    }
}
