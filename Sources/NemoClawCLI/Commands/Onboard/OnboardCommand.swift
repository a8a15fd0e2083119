import ArgumentParser
import Shared

struct OnboardCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "onboard", abstract: "Set up a sandbox in eight steps.",
        discussion: """
            What is not given by a flag is taken from NEMOCLAW_SANDBOX_NAME (or NEMOCLAW_SANDBOX), NEMOCLAW_PROVIDER, \
            NEMOCLAW_MODEL and NEMOCLAW_ENDPOINT_URL, else asked for when there is a terminal. A key comes from the \
            provider's own variable or NEMOCLAW_PROVIDER_KEY, never from a flag.
            """)
    @Option(help: "Name of the sandbox.") var name: String?
    @Option(help: "Provider, like ollama-local.") var provider: String?
    @Option(help: "Model, as the provider names it.") var model: String?
    @Option(name: .customLong("endpoint-url"), help: "Base URL (else the provider's own).") var endpoint: String?
    @Option(name: .customLong("control-ui-port"), help: "Port on 127.0.0.1, 1024 to 65535 (else the first free one).")
    var port: UInt16?
    @Flag(name: .customLong("api-key-stdin"), help: "Read the key from standard input, one line.")
    var keyFromInput = false
    @Flag(name: .customLong("non-interactive"), help: "Ask nothing.") var nonInteractive = false
    @Flag(name: [.long, .customShort("y")], help: "Take defaults without asking.") var yes = false
    @Flag(name: .customLong("no-probe"), help: "Do not ask the provider whether it answers.") var noProbe = false
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func validate() throws {
        if let port, port < 1024 { throw ValidationError("--control-ui-port must be between 1024 and 65535") }
    }

    func execute(_ context: Context) throws -> Int32 {
        let flags = OnboardFlags(
            name: name, provider: provider, model: model, endpoint: endpoint, port: port, keyFromInput: keyFromInput,
            // A question would stand in the middle of the JSON.
            nonInteractive: nonInteractive || output.json || keyFromInput, yes: yes, noProbe: noProbe)
        let console = context.console
        let onboarding = Onboarding(
            context: context, flags: flags, interrupts: Interrupts(),
            progress: output.json ? console.errors : console.output)
        let result = try onboarding.run()
        if output.json {
            try console.json(result)
        } else {
            console.result(OnboardSummary.lines(result.sandbox).joined(separator: "\n"))
        }
        return 0
    }
}
