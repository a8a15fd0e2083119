/// API families that a provider can serve.
public enum APIFamily: String, Sendable, Codable, CaseIterable {
    case openAI = "openai"
    case anthropic
}

/// One row of the provider table (`nemoclaw-inventory.md` 4.1).
public struct Provider: Sendable, Equatable {
    /// Canonical id, as in `inference set --provider`.
    public let id: String
    /// Other spellings that are accepted everywhere (`NEMOCLAW_PROVIDER`'s vocabulary).
    public let aliases: [String]
    public let label: String
    /// Where the API lives, up to and including what precedes `/chat/completions`; nil: the user names it.
    public let baseURL: String?
    public let families: Set<APIFamily>
    /// Environment variable of the key; nil: none.
    public let credentialVariable: String?
    public let credentialRequired: Bool

    /// All providers of this version.
    public static let all: [Provider] = [
        Provider(
            id: "compatible-endpoint", aliases: ["custom"], label: "Other OpenAI-compatible endpoint", baseURL: nil,
            families: [.openAI], credentialVariable: "COMPATIBLE_API_KEY", credentialRequired: false),
        Provider(
            id: "ollama-local", aliases: ["ollama"], label: "Local Ollama", baseURL: "http://127.0.0.1:11434/v1",
            families: [.openAI], credentialVariable: nil, credentialRequired: false),
        Provider(
            id: "vllm-local", aliases: ["vllm"], label: "Local vLLM", baseURL: "http://127.0.0.1:8000/v1",
            families: [.openAI], credentialVariable: nil, credentialRequired: false),
        Provider(
            id: "llama-cpp", aliases: ["llamacpp"], label: "Local llama.cpp", baseURL: "http://127.0.0.1:8081/v1",
            families: [.openAI, .anthropic], credentialVariable: nil, credentialRequired: false),
        Provider(
            id: "openai-api", aliases: ["openai"], label: "OpenAI", baseURL: "https://api.openai.com/v1",
            families: [.openAI], credentialVariable: "OPENAI_API_KEY", credentialRequired: true),
        Provider(
            id: "gemini-api", aliases: ["gemini"], label: "Google Gemini",
            baseURL: "https://generativelanguage.googleapis.com/v1beta/openai", families: [.openAI],
            credentialVariable: "GEMINI_API_KEY", credentialRequired: true),
        Provider(
            id: "nvidia-prod", aliases: ["build", "cloud"], label: "NVIDIA Endpoints",
            baseURL: "https://integrate.api.nvidia.com/v1", families: [.openAI],
            credentialVariable: "NVIDIA_INFERENCE_API_KEY", credentialRequired: true),
    ]

    /// - Throws: `unknown_provider` listing both vocabularies.
    public static func named(_ text: String) throws(NemoClawError) -> Provider {
        if let match = all.first(where: { $0.id == text || $0.aliases.contains(text) }) { return match }
        let names = all.map { "\($0.id) (\($0.aliases.joined(separator: ", ")))" }.joined(separator: ", ")
        throw NemoClawError(.unknownProvider, "unknown provider \"\(text.prefix(64))\"", hint: "Use one of: \(names)")
    }
}
