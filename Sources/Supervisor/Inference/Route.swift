import Shared

/// Where the inference requests of one sandbox go.
struct Route: Sendable {
    var provider: Provider
    var baseURL: UpstreamURL
    var model: String
    var credential: Secret<String>?
    var timeouts: RouteTimeouts

    init(
        provider: Provider, baseURL: UpstreamURL, model: String, credential: Secret<String>? = nil,
        timeouts: RouteTimeouts = RouteTimeouts()
    ) {
        self.provider = provider
        self.baseURL = baseURL
        self.model = model
        self.credential = credential
        self.timeouts = timeouts
    }
}
