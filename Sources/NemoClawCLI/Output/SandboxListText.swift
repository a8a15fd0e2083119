import Shared

/// `nemoclaw list` and the list in `nemoclaw status`.
enum SandboxListText {
    static let empty = "No sandboxes registered. Run `nemoclaw onboard` to get started."

    static func lines(_ list: SandboxList, console: Console) -> [String] {
        let gateway = gateway(list.gateway)
        guard !list.sandboxes.isEmpty else { return [empty, "", gateway] }
        let names = list.sandboxes.map { $0.name.rawValue + ($0.isDefault ? " *" : "") }
        let models = list.sandboxes.map { "(\(Printable.line($0.model)))" }
        let nameWidth = max(18, names.map(\.count).max() ?? 0)
        let modelWidth = max(25, models.map(\.count).max() ?? 0)
        var lines = ["Sandboxes:"]
        for (index, sandbox) in list.sandboxes.enumerated() {
            lines.append(
                "  \(Columns.padded(names[index], nameWidth)) \(Columns.padded(models[index], modelWidth)) "
                    + ":\(sandbox.port)  \(state(sandbox.state, console: console))")
            if let reason = sandbox.reason { lines.append("    Reason:          \(Printable.line(reason))") }
            lines.append(
                "    Inference:       \(Printable.line(sandbox.provider)) / \(Printable.line(sandbox.model))"
                    + inference(sandbox))
            lines.append("    Connected:       \(connected(sandbox))")
        }
        return lines + ["", gateway]
    }

    static func gateway(_ gateway: GatewayStatus) -> String {
        "Gateway:  \(Printable.line(gateway.state))  https://\(Printable.line(gateway.address)):\(gateway.port)  "
            + "pid \(gateway.pid)  cert \(Printable.line(String(gateway.certificateSerial.prefix(8))))"
    }

    static func connected(_ sandbox: SandboxStatus) -> String {
        switch sandbox.connections {
        case 0: "no"
        case 1: "yes (1 connection)"
        default: "yes (\(sandbox.connections) connections)"
        }
    }

    private static func inference(_ sandbox: SandboxStatus) -> String {
        guard sandbox.inference != .notProbed else { return "" }
        let detail = sandbox.inferenceDetail.map { ": \(Printable.line($0))" } ?? ""
        return "  (\(sandbox.inference.rawValue)\(detail))"
    }

    static func state(_ state: SandboxState, console: Console) -> String {
        switch state {
        case .ready: console.coloured(state.rawValue, 32)
        case .failed: console.coloured(state.rawValue, 31)
        case .stopped, .stopping: console.coloured(state.rawValue, 2)
        case .provisioning, .starting: console.coloured(state.rawValue, 33)
        }
    }
}
