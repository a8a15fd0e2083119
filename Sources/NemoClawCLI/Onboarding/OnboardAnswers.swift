import Shared

/// What `onboard` will ask the supervisor for: flags first, then variables, then answers, then defaults.
struct OnboardAnswers {
    var name: SandboxName
    var provider: Provider
    var model: String
    var endpoint: String?
    var key: Secret<String>?
    var port: UInt16?
    var probe: Bool

    var routeRequest: RouteRequest {
        RouteRequest(
            provider: provider.id, model: model, endpoint: endpoint, credential: key?.reveal(), probe: probe)
    }

    var onboardRequest: OnboardRequest {
        OnboardRequest(
            name: name, provider: provider.id, model: model, endpoint: endpoint, credential: key?.reveal(), port: port,
            // Step 4 probed already.
            probe: false)
    }
}
