import Shared

/// `nemoclaw <name> status`, text and JSON.
enum SandboxStatusText {
    static func lines(_ sandbox: SandboxStatus, console: Console) -> [String] {
        let detail = sandbox.inferenceDetail.map { ": \(Printable.line($0))" } ?? ""
        var rows: [(String, String)] = [
            ("Sandbox", sandbox.name.rawValue + (sandbox.isDefault ? " (default)" : "")),
            ("Phase", phase(sandbox.state) + (sandbox.reason.map { " (\(Printable.line($0)))" } ?? "")),
            ("Agent", "openclaw"),
            ("Model", Printable.line(sandbox.model)),
            ("Provider", "\(Printable.line(sandbox.provider)) (\(Printable.line(sandbox.providerLabel)))"),
            ("Endpoint", Printable.line(sandbox.endpoint)),
            ("Inference", sandbox.inference.rawValue + detail),
            ("Policies", "none (egress denied except inference.local)"),
            ("Gateway", "ws://127.0.0.1:\(sandbox.port)"),
            ("Connected", SandboxListText.connected(sandbox)),
            ("Active runs", "\(sandbox.activeRuns)"),
        ]
        if let worker = sandbox.workerPid {
            rows.append(("Worker", "pid \(worker)" + (sandbox.initPid.map { ", init pid \($0)" } ?? "")))
        }
        if let uid = sandbox.uid { rows.append(("User", "uid \(uid)")) }
        rows.append(("Restarts", "\(sandbox.restarts)"))
        rows.append(
            ("Traffic", "\(sandbox.requests) requests, \(sandbox.inputTokens) tokens in, \(sandbox.outputTokens) out"))
        return rows.map { "  \(Columns.padded($0.0 + ":", 13))\($0.1)" }
    }

    /// Upstream's names of the phases.
    static func phase(_ state: SandboxState) -> String {
        switch state {
        case .ready: "Ready"
        case .stopped: "Stopped"
        case .failed: "Error"
        case .provisioning: "Provisioning"
        case .starting: "Starting"
        case .stopping: "Stopping"
        }
    }

    /// Upstream's keys, with ours beside them.
    static func json(_ sandbox: SandboxStatus, gatewayState: String) throws(NemoClawError) -> JSONValue {
        let route: JSONValue = ["provider": .string(sandbox.provider), "model": .string(sandbox.model)]
        var members = try JSONCoding.value(sandbox).objectValue ?? [:]
        let ours: [String: JSONValue] = [
            "schemaVersion": 1, "found": true, "agent": "openclaw", "agentDisplayName": "OpenClaw",
            "recordedRoute": route, "liveRoute": route,
            "routeDrift": ["live": route, "recorded": route, "canConnect": .bool(sandbox.state == .ready)],
            "phase": .string(phase(sandbox.state)), "gatewayState": .string(gatewayState),
            "inferenceHealth": [
                "ok": sandbox.inference == .notProbed ? .null : .bool(isHealthy(sandbox.inference)),
                "failureLabel": isHealthy(sandbox.inference) || sandbox.inference == .notProbed
                    ? .null : .string(sandbox.inference.rawValue),
            ],
            "policies": [],
            "failureLayer": sandbox.state == .stopped ? "sandbox_stopped" : .null,
        ]
        members.merge(ours) { _, new in new }
        return .object(members)
    }

    private static func isHealthy(_ state: InferenceState) -> Bool { state == .healthy || state == .reachable }
}
