import Glibc
import Shared

/// The eight steps. Whatever ends them before the last one is over takes back what this run made.
struct Onboarding {
    /// `openclaw health` inside a fresh sandbox.
    static let healthMilliseconds = 30_000
    /// How long an interrupted run waits for the supervisor to finish a sandbox that is then destroyed.
    static let rollBackMilliseconds = 60_000

    let context: Context
    let flags: OnboardFlags
    let interrupts: Interrupts
    let steps: OnboardSteps
    private let client: ControlClient
    private let questions: OnboardQuestions

    init(context: Context, flags: OnboardFlags, interrupts: Interrupts, progress: Int32) {
        self.context = context
        self.flags = flags
        self.interrupts = interrupts
        let steps = OnboardSteps(descriptor: progress)
        self.steps = steps
        client = context.client(interrupts)
        questions = OnboardQuestions(
            flags: flags, context: context, prompt: Prompt(console: context.console, interrupts: interrupts),
            say: steps.say)
    }

    /// - Returns: the new sandbox.
    func run() throws -> OnboardResult {
        try steps.run(1) { try preflight(try client.isAnswering()) }
        try steps.run(2) { try startGateway() }
        let name = try questions.name()
        try refuseTaken(name)
        let answers = try steps.run(3) { try configure(name) }
        try steps.run(4) { try probe(answers) }
        steps.run(5) { steps.say("  Skipping messaging channels.") }
        let result = try steps.run(6) { try create(answers) }
        do {
            try steps.run(7) { try checkAgent(name) }
            try steps.run(8) {
                steps.say("  Egress: denied except inference.local (presets come with a later version)")
                // The last moment at which Ctrl-C still takes everything back.
                if let signal = interrupts.next() { throw Interrupted(signal: signal) }
            }
        } catch {
            destroy(name)
            throw error
        }
        return result
    }

    private func preflight(_ running: Bool) throws {
        let findings = try Preflight(context: context).run(gatewayRuns: running, port: flags.port)
        for finding in findings where finding.kind != .bad {
            steps.say("  \(finding.kind == .good ? "✓" : "!") \(finding.text)")
            if let hint = finding.hint { steps.say("    \(hint)") }
        }
        let bad = findings.filter { $0.kind == .bad }
        for finding in bad.dropLast() {
            context.console.note("  ✗ \(finding.text)")
            if let hint = finding.hint { context.console.note("    \(hint)") }
        }
        if let last = bad.last { throw NemoClawError(.unavailable, last.text, hint: last.hint) }
    }

    private func startGateway() throws {
        let (gateway, started) = try SupervisorLauncher(context: context, interrupts: interrupts).ensureRunning()
        if started {
            steps.say("  ✓ Gateway is healthy (pid \(gateway.pid))")
        } else {
            steps.say("  [reuse] Skipping gateway (running)")
            steps.say("  Reusing healthy NemoClaw gateway.")
        }
    }

    private func refuseTaken(_ name: SandboxName) throws {
        guard try client.sandboxes(probe: false).sandboxes.contains(where: { $0.name == name }) else { return }
        throw Self.taken(name)
    }

    private static func taken(_ name: SandboxName) -> NemoClawError {
        NemoClawError(
            .nameTaken, "Sandbox '\(name)' already exists.",
            hint: "Choose another --name, or run `nemoclaw \(name) destroy --yes` first")
    }

    private func configure(_ name: SandboxName) throws -> OnboardAnswers {
        let answers = try questions.route(name: name)
        steps.say("  ✓ \(answers.provider.label) / \(Printable.line(answers.model))")
        return answers
    }

    private func probe(_ answers: OnboardAnswers) throws {
        guard answers.probe else {
            steps.say("  Not probed (--no-probe)")
            return
        }
        let result = try client.call(
            "POST", "/v1/probe", body: try JSONCoding.encode(answers.routeRequest),
            milliseconds: ControlClient.changeMilliseconds, as: ProbeResult.self)
        let detail = result.detail.map { ": \(Printable.line($0))" } ?? ""
        switch result.inference {
        case .healthy, .reachable, .notProbed:
            steps.say("  ✓ Provider answers (\(result.inference.rawValue)\(detail))")
        case .unauthorized:
            throw NemoClawError(
                .missingCredential, "\(answers.provider.label) did not accept the key\(detail)",
                hint: answers.provider.credentialVariable.map { "Set \($0) to a valid key" })
        case .unhealthy, .unreachable:
            throw NemoClawError(
                .endpointInvalid, "\(answers.provider.label) is \(result.inference.rawValue)\(detail)",
                hint: "Start it, or add --no-probe")
        }
    }

    private func create(_ answers: OnboardAnswers) throws -> OnboardResult {
        steps.say("  Creating sandbox '\(answers.name)'...")
        if let signal = interrupts.next() { throw Interrupted(signal: signal) }
        let deadline = Deadline.after(milliseconds: ControlClient.createMilliseconds)
        let body = try JSONCoding.encode(answers.onboardRequest)
        let stream = try client.begin("POST", "/v1/sandboxes", body: body, until: deadline)
        var parser = HTTPResponseParser()
        let response: HTTPResponse
        do {
            response = try client.receive(stream, until: deadline, parser: &parser)
        } catch let interrupted as Interrupted {
            takeBack(answers.name, stream, parser)
            throw interrupted
        }
        guard response.status == 201 || response.status == 200 else {
            let error = ControlClient.failure(response)
            throw error.code == .nameTaken ? Self.taken(answers.name) : error
        }
        let result: OnboardResult
        do {
            result = try JSONCoding.decode(OnboardResult.self, from: response.body)
        } catch {
            destroy(answers.name)
            throw error
        }
        for note in result.notes { steps.say("  \(Printable.line(note))") }
        steps.say("  ✓ Sandbox '\(answers.name)' created (port \(result.sandbox.port))")
        return result
    }

    /// Interrupted while the supervisor makes the sandbox. Only its answer says whether the sandbox is ours to
    /// destroy: the name may as well have been taken by somebody else a moment before.
    private func takeBack(_ name: SandboxName, _ stream: UnixStream, _ parser: HTTPResponseParser) {
        context.console.note("Interrupted: waiting for the supervisor, then removing sandbox '\(name)'.")
        var parser = parser
        do {
            let response = try client.receive(
                stream, until: .after(milliseconds: Self.rollBackMilliseconds), parser: &parser)
            if (200..<300).contains(response.status) { destroy(name) }
        } catch {
            context.console.note("Sandbox '\(name)' may have been made. Run `nemoclaw list`.")
        }
    }

    private func destroy(_ name: SandboxName) {
        do {
            // Without interrupts: a second Ctrl-C must not leave half of it.
            _ = try context.client().call(
                "DELETE", "/v1/sandboxes/\(name)", milliseconds: ControlClient.changeMilliseconds)
            context.console.note("Sandbox '\(name)' was removed; you can safely retry.")
        } catch {
            context.console.note("Sandbox '\(name)' could not be removed. Run `nemoclaw \(name) destroy --yes`.")
        }
    }

    private func checkAgent(_ name: SandboxName) throws {
        let capture = SandboxCapture(context: context, sandbox: name, interrupts: interrupts)
        let result = try capture.run(
            ["openclaw", "health"], limit: 65_536, showsErrors: false,
            timeout: .after(milliseconds: Self.healthMilliseconds))
        guard result.exitCode == 0 else {
            let text = String(decoding: result.errors.isEmpty ? result.output : result.errors, as: UTF8.self)
            for line in text.split(separator: "\n").suffix(5) {
                context.console.note("  | \(Printable.line(String(line)))")
            }
            throw NemoClawError(
                .sandboxFailed, "openclaw health failed inside sandbox \"\(name)\" (exit code \(result.exitCode))",
                hint: "Run `nemoclaw onboard` again")
        }
        steps.say("  ✓ OpenClaw is ready")
    }
}
