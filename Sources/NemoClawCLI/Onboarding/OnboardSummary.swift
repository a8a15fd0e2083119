import Shared

/// What is shown when a sandbox is set up.
enum OnboardSummary {
    static func lines(_ sandbox: SandboxStatus) -> [String] {
        [
            "",
            "  OpenClaw is ready",
            "  Sandbox:    \(sandbox.name) (own user, mount, pid, net, ipc, uts, cgroup namespaces)",
            "  Model:      \(Printable.line(sandbox.model)) (\(Printable.line(sandbox.providerLabel)))",
            "  Gateway:    ws://127.0.0.1:\(sandbox.port)",
            "",
            "  Run:        nemoclaw \(sandbox.name) connect",
            "  Ask:        nemoclaw \(sandbox.name) agent --agent main -m \"hello\"",
            "  Status:     nemoclaw \(sandbox.name) status",
            "  Logs:       nemoclaw \(sandbox.name) logs --follow",
        ]
    }
}
