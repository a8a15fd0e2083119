import Shared

/// The case of issue 4263, as the control API tells it.
enum Samples {
    static func sandbox(
        _ name: String, provider: String = "ollama-local", model: String = "qwen2.5:32b", port: UInt16 = 18789,
        isDefault: Bool = false, state: SandboxState = .ready
    ) throws -> SandboxStatus {
        SandboxStatus(
            name: try SandboxName(name), isDefault: isDefault, port: port, provider: provider,
            providerLabel: "Local Ollama", model: model, endpoint: "http://127.0.0.1:11434/v1",
            wanted: state == .stopped ? .stopped : .running, state: state)
    }

    static let gateway = GatewayStatus(
        state: "running", pid: 4711, version: "0.1.0", address: "127.0.0.1", port: 8080,
        certificateSerial: "0123456789abcdef", certificateNotAfterMs: 1_900_000_000_000, startedAtMs: 1_700_000_000_000)

    static func list() throws -> SandboxList {
        SandboxList(
            defaultSandbox: try SandboxName("prachi-gemini"),
            sandboxes: [
                try sandbox("ollama-resume"),
                try sandbox(
                    "prachi-gemini", provider: "gemini-api", model: "gemini-2.5-flash-lite", port: 18790,
                    isDefault: true),
            ], gateway: gateway)
    }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONCoding.encode(value), as: UTF8.self)
    }

    static func failure(_ code: ErrorCode, _ message: String) -> String {
        "{\"error\":{\"code\":\"\(code.rawValue)\",\"message\":\"\(message)\"}}"
    }
}
