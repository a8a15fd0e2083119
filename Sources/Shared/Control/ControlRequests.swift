/// `POST /v1/sandboxes`: what `onboard` asks for. `credential` is a provider key: never log this value.
public struct OnboardRequest: Sendable, Codable {
    public var name: SandboxName
    public var provider: String
    public var model: String
    /// Base URL; nil takes the provider's own.
    public var endpoint: String?
    /// Key for the provider's credential variable; nil keeps what the supervisor has.
    public var credential: String?
    /// A wanted port; nil takes the first free one from the range.
    public var port: UInt16?
    /// Ask the endpoint whether it answers before anything is made.
    public var probe: Bool

    public init(
        name: SandboxName, provider: String, model: String, endpoint: String? = nil, credential: String? = nil,
        port: UInt16? = nil, probe: Bool = true
    ) {
        self.name = name
        self.provider = provider
        self.model = model
        self.endpoint = endpoint
        self.credential = credential
        self.port = port
        self.probe = probe
    }
}

/// Answer to `POST /v1/sandboxes`.
public struct OnboardResult: Sendable, Codable {
    public var sandbox: SandboxStatus
    /// Lines worth showing, like `! Port 18789 is taken by nginx (pid 812). Using port 18790 instead.`
    public var notes: [String]

    public init(sandbox: SandboxStatus, notes: [String]) {
        self.sandbox = sandbox
        self.notes = notes
    }
}

/// `PUT /v1/sandboxes/{name}/route` and `POST /v1/probe`. `credential` is a provider key: never log this value.
public struct RouteRequest: Sendable, Codable {
    public var provider: String
    public var model: String
    public var endpoint: String?
    public var credential: String?
    public var probe: Bool

    public init(provider: String, model: String, endpoint: String? = nil, credential: String? = nil, probe: Bool = true)
    {
        self.provider = provider
        self.model = model
        self.endpoint = endpoint
        self.credential = credential
        self.probe = probe
    }
}

/// `POST /v1/probe`: whether a provider would answer. A failure is an error answer instead.
public struct ProbeResult: Sendable, Codable {
    public var inference: InferenceState
    public var detail: String?

    public init(inference: InferenceState, detail: String? = nil) {
        self.inference = inference
        self.detail = detail
    }
}

/// A failed control request's body: `{"error": {…}}`.
public struct ControlFailure: Sendable, Codable {
    public var error: NemoClawError

    public init(error: NemoClawError) {
        self.error = error
    }
}
