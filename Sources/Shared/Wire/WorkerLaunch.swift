/// What a worker reads once, as JSON, from descriptor 3 when it starts. It holds secrets: never log it.
public struct WorkerLaunch: Sendable, Codable {
    public var sandbox: SandboxName
    /// Proves the worker to the supervisor, hexadecimal.
    public var secret: String
    /// Shared token of the OpenClaw gateway for the host side (owner).
    public var gatewayToken: String
    /// Shared token that lies inside the sandbox.
    public var sandboxToken: String
    /// Port on the host's loopback and inside the sandbox.
    public var port: UInt16
    /// PEM text: the host's CA bundle plus the local CA.
    public var caBundle: String
    /// Paths on the host, used for mounts when no descriptor is given.
    public var homePath: String
    public var initPath: String
    public var agentPath: String
    /// Names of the descriptors from number 7 on: `mount.home`, `mount.init`, `mount.openclaw`.
    public var descriptors: [String]
    public var configuration: WorkerConfiguration

    public init(
        sandbox: SandboxName, secret: String, gatewayToken: String, sandboxToken: String, port: UInt16,
        caBundle: String,
        homePath: String, initPath: String, agentPath: String, descriptors: [String], configuration: WorkerConfiguration
    ) {
        self.sandbox = sandbox
        self.secret = secret
        self.gatewayToken = gatewayToken
        self.sandboxToken = sandboxToken
        self.port = port
        self.caBundle = caBundle
        self.homePath = homePath
        self.initPath = initPath
        self.agentPath = agentPath
        self.descriptors = descriptors
        self.configuration = configuration
    }
}

/// What the supervisor may change while a worker runs. No secrets.
public struct WorkerConfiguration: Sendable, Equatable, Codable {
    /// The route of this sandbox, for answers like `models.list`; the gateway itself decides, not this.
    public var provider: String
    public var providerLabel: String
    public var model: String
    /// How long a connect that needs approval is held, 0 to 120 000 ms.
    public var holdMilliseconds: Int

    public init(provider: String, providerLabel: String, model: String, holdMilliseconds: Int = 10_000) {
        self.provider = provider
        self.providerLabel = providerLabel
        self.model = model
        self.holdMilliseconds = holdMilliseconds
    }
}
