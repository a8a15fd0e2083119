import Shared

/// Finds each answer: a flag, else a variable, else a question when somebody is there, else a default.
struct OnboardQuestions {
    static let defaultName = "my-assistant"

    let flags: OnboardFlags
    let context: Context
    let prompt: Prompt
    /// Progress lines.
    let say: (String) -> Void

    var asks: Bool {
        context.console.isInteractive && !flags.nonInteractive && !context.isOn("NEMOCLAW_NON_INTERACTIVE")
    }

    /// The name decides early whether anything can be done at all.
    func name() throws -> SandboxName {
        let given = flags.name ?? context.variable("NEMOCLAW_SANDBOX_NAME") ?? context.variable("NEMOCLAW_SANDBOX")
        if let given { return try SandboxName(echoed("Sandbox name", given)) }
        guard asks, !acceptsDefaults else { return try SandboxName(echoed("Sandbox name", Self.defaultName)) }
        while true {
            guard let text = try prompt.ask("Sandbox name", fallback: Self.defaultName) else { throw Self.noAnswer }
            do {
                return try SandboxName(text)
            } catch {
                say("  \(error.description)")
            }
        }
    }

    func route(name: SandboxName) throws -> OnboardAnswers {
        let provider = try provider()
        let endpoint = try endpoint(provider)
        return OnboardAnswers(
            name: name, provider: provider, model: try model(provider), endpoint: endpoint, key: try key(provider),
            port: flags.port, probe: !flags.noProbe)
    }

    private var acceptsDefaults: Bool { flags.yes || context.isOn("NEMOCLAW_YES") }

    private func provider() throws -> Provider {
        if let given = flags.provider ?? context.variable("NEMOCLAW_PROVIDER") {
            return try Provider.named(echoed("Provider", given))
        }
        guard asks else { throw missing("provider", "--provider", "NEMOCLAW_PROVIDER") }
        for (index, provider) in Provider.all.enumerated() {
            say("    \(index + 1)  \(provider.label) (\(provider.id))")
        }
        while true {
            guard let text = try prompt.ask("Provider [number or id]") else {
                throw Self.noAnswer
            }
            if let number = Int(text), Provider.all.indices.contains(number - 1) { return Provider.all[number - 1] }
            do {
                return try Provider.named(text)
            } catch {
                say("  \(error.description)")
            }
        }
    }

    private func endpoint(_ provider: Provider) throws -> String? {
        if let given = flags.endpoint ?? context.variable("NEMOCLAW_ENDPOINT_URL") {
            return echoed("Endpoint", given)
        }
        guard provider.baseURL == nil else { return nil }
        guard asks else { throw missing("endpoint", "--endpoint-url", "NEMOCLAW_ENDPOINT_URL") }
        return try prompt.ask("Base URL of the API, like http://127.0.0.1:1234/v1") ?? { throw Self.noAnswer }()
    }

    private func model(_ provider: Provider) throws -> String {
        if let given = flags.model ?? context.variable("NEMOCLAW_MODEL") { return echoed("Model", given) }
        guard asks else { throw missing("model", "--model", "NEMOCLAW_MODEL") }
        guard let text = try prompt.ask("Model, as \(provider.label) names it") else { throw Self.noAnswer }
        return text
    }

    private func key(_ provider: Provider) throws -> Secret<String>? {
        if flags.keyFromInput {
            guard let line = try prompt.readLine(), !line.isEmpty else {
                throw NemoClawError(.missingCredential, "no key came on standard input")
            }
            return Secret(line)
        }
        if let key = ProviderKey.fromEnvironment(provider, context) { return key }
        guard let variable = provider.credentialVariable, provider.credentialRequired, asks else { return nil }
        // Nothing typed: the supervisor may have one from an earlier sandbox; if not, step 4 says so.
        return try prompt.askSecret("\(provider.label) key (\(variable), not shown; empty keeps what is stored)")
    }

    private func echoed(_ title: String, _ value: String) -> String {
        if !asks { say("  [non-interactive] \(title) → \(Printable.line(value, limit: 128))") }
        return value
    }

    private func missing(_ what: String, _ flag: String, _ variable: String) -> NemoClawError {
        NemoClawError(
            .invalidArgument, "no \(what) given and nobody can be asked", hint: "Add \(flag), or set \(variable)")
    }

    private static var noAnswer: NemoClawError { NemoClawError(.invalidArgument, "no answer given") }
}
