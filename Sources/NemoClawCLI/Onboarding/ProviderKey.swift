import Shared

/// A provider's key, from where the operator put it. Never from an argument: those are public on the host.
enum ProviderKey {
    /// Upstream's name for a key of whatever provider is chosen.
    static let generalVariable = "NEMOCLAW_PROVIDER_KEY"

    /// The provider's own variable, then the general one; nil for a provider that takes no key.
    static func fromEnvironment(_ provider: Provider, _ context: Context) -> Secret<String>? {
        guard let variable = provider.credentialVariable else { return nil }
        return (context.variable(variable) ?? context.variable(generalVariable)).map { Secret($0) }
    }
}
