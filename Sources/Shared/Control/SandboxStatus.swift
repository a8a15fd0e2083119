/// What an operator wants of a sandbox.
public enum WantedState: String, Sendable, Codable { case running, stopped }

/// What a sandbox is doing.
public enum SandboxState: String, Sendable, Codable { case provisioning, starting, ready, stopping, stopped, failed }

/// Whether the model behind a sandbox's route answers, as upstream names the states.
public enum InferenceState: String, Sendable, Codable {
    case healthy, unauthorized, reachable, unhealthy, unreachable
    case notProbed = "not probed"
}

/// One sandbox, as `GET /v1/sandboxes/{name}` shows it. Probed when asked, never remembered.
public struct SandboxStatus: Sendable, Equatable, Codable {
    public var name: SandboxName
    public var isDefault: Bool
    public var port: UInt16
    public var provider: String
    public var providerLabel: String
    public var model: String
    public var endpoint: String
    public var wanted: WantedState
    public var state: SandboxState
    /// Why it is not ready, when it is not.
    public var reason: String?
    public var workerPid: Int32?
    public var initPid: Int32?
    /// Own uid on the host when the supervisor is root.
    public var uid: UInt32?
    /// OpenClaw connections that said hello.
    public var connections: Int
    public var activeRuns: Int
    /// Unplanned deaths of the worker since it was last started by hand.
    public var restarts: Int
    public var inference: InferenceState
    public var inferenceDetail: String?
    /// Requests and tokens that went through the gateway since the supervisor started.
    public var requests: Int
    public var inputTokens: Int
    public var outputTokens: Int

    public init(
        name: SandboxName, isDefault: Bool, port: UInt16, provider: String, providerLabel: String, model: String,
        endpoint: String, wanted: WantedState, state: SandboxState, reason: String? = nil, workerPid: Int32? = nil,
        initPid: Int32? = nil, uid: UInt32? = nil, connections: Int = 0, activeRuns: Int = 0, restarts: Int = 0,
        inference: InferenceState = .notProbed, inferenceDetail: String? = nil, requests: Int = 0, inputTokens: Int = 0,
        outputTokens: Int = 0
    ) {
        self.name = name
        self.isDefault = isDefault
        self.port = port
        self.provider = provider
        self.providerLabel = providerLabel
        self.model = model
        self.endpoint = endpoint
        self.wanted = wanted
        self.state = state
        self.reason = reason
        self.workerPid = workerPid
        self.initPid = initPid
        self.uid = uid
        self.connections = connections
        self.activeRuns = activeRuns
        self.restarts = restarts
        self.inference = inference
        self.inferenceDetail = inferenceDetail
        self.requests = requests
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }
}

/// `GET /v1/sandboxes`.
public struct SandboxList: Sendable, Equatable, Codable {
    public var schemaVersion: Int
    public var defaultSandbox: SandboxName?
    public var sandboxes: [SandboxStatus]
    public var gateway: GatewayStatus

    public init(defaultSandbox: SandboxName?, sandboxes: [SandboxStatus], gateway: GatewayStatus) {
        self.schemaVersion = 1
        self.defaultSandbox = defaultSandbox
        self.sandboxes = sandboxes
        self.gateway = gateway
    }
}

/// The one shared gateway.
public struct GatewayStatus: Sendable, Equatable, Codable {
    /// `running`, or why the host listener is down (the sandboxes' listeners do not need it).
    public var state: String
    public var pid: Int32
    public var version: String
    public var address: String
    public var port: UInt16
    /// Serial of the leaf, hexadecimal.
    public var certificateSerial: String
    public var certificateNotAfterMs: Int64
    public var startedAtMs: Int64

    public init(
        state: String, pid: Int32, version: String, address: String, port: UInt16, certificateSerial: String,
        certificateNotAfterMs: Int64, startedAtMs: Int64
    ) {
        self.state = state
        self.pid = pid
        self.version = version
        self.address = address
        self.port = port
        self.certificateSerial = certificateSerial
        self.certificateNotAfterMs = certificateNotAfterMs
        self.startedAtMs = startedAtMs
    }
}
