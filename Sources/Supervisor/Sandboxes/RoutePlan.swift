import Shared

/// A checked wish for a route: where requests go, as which model, with which key.
struct RoutePlan: Sendable {
    static let maximumModelLength = 256

    let provider: Provider
    let baseURL: UpstreamURL
    let endpoint: String
    let model: String
    /// What the route uses: a given key, else the stored one.
    let credential: Secret<String>?
    /// Set when a new key must be stored.
    let newCredential: (variable: String, value: Secret<String>)?

    init(_ request: RouteRequest, credentials: CredentialFolder) throws(NemoClawError) {
        provider = try Provider.named(request.provider)
        model = try Self.checked(model: request.model)
        guard let endpoint = request.endpoint ?? provider.baseURL else {
            throw NemoClawError(
                .invalidArgument, "provider \"\(provider.id)\" has no endpoint of its own",
                hint: "Name it: --endpoint https://host/v1")
        }
        self.endpoint = endpoint
        baseURL = try UpstreamURL(endpoint)
        (credential, newCredential) = try Self.credential(request.credential, provider, credentials)
    }

    var route: Route {
        Route(provider: provider, baseURL: baseURL, model: model, credential: credential)
    }

    private static func credential(
        _ given: String?, _ provider: Provider, _ credentials: CredentialFolder
    ) throws(NemoClawError) -> (Secret<String>?, (variable: String, value: Secret<String>)?) {
        guard let variable = provider.credentialVariable else {
            guard given == nil else {
                throw NemoClawError(.invalidArgument, "provider \"\(provider.id)\" takes no key")
            }
            return (nil, nil)
        }
        if let given {
            let value = try CredentialFolder.check(given, for: variable)
            return (value, (variable, value))
        }
        let stored = credentials.credential(variable)
        guard stored != nil || !provider.credentialRequired else {
            throw NemoClawError(
                .missingCredential, "provider \"\(provider.id)\" needs a key and none is known",
                hint: "Set \(variable) in your environment, then try again")
        }
        return (stored, nil)
    }

    private static func checked(model: String) throws(NemoClawError) -> String {
        guard !model.isEmpty, model.utf8.count <= maximumModelLength,
            model.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
        else {
            throw NemoClawError(
                .invalidArgument, "the model's name is empty, longer than \(maximumModelLength) bytes or not printable",
                hint: "Name a model of the provider: --model NAME")
        }
        return model
    }
}

extension RouteRequest {
    init(_ request: OnboardRequest) {
        self.init(
            provider: request.provider, model: request.model, endpoint: request.endpoint,
            credential: request.credential, probe: request.probe)
    }
}
