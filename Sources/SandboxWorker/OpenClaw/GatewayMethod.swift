import Shared

/// The methods that we serve; everything else is `unknown method`.
enum GatewayMethod: String, CaseIterable, Sendable {
    case health, status, agent
    case agentWait = "agent.wait"
    case chatSend = "chat.send"
    case chatHistory = "chat.history"
    case chatAbort = "chat.abort"
    case sessionsList = "sessions.list"
    case sessionsPatch = "sessions.patch"
    case modelsList = "models.list"
    case systemPresence = "system-presence"
    case pairList = "device.pair.list"
    case pairApprove = "device.pair.approve"
    case pairReject = "device.pair.reject"
    case pairRemove = "device.pair.remove"

    /// Scope that a caller needs; nil: any connection.
    var scope: String? {
        switch self {
        case .health: nil
        case .status, .chatHistory, .sessionsList, .modelsList, .systemPresence: ScopeRules.read
        case .agent, .agentWait, .chatSend, .chatAbort, .sessionsPatch: ScopeRules.write
        case .pairList, .pairApprove, .pairReject, .pairRemove: ScopeRules.pairing
        }
    }

    /// - Throws: `invalid <method> params: …`.
    func validate(_ params: JSONValue) throws(GatewayError) {
        guard let text = schema.problem(in: params) else { return }
        throw .invalid("invalid \(rawValue) params: \(text)")
    }

    private var schema: ObjectSchema {
        switch self {
        case .status, .systemPresence, .pairList: GatewaySchemas.none
        case .health: GatewaySchemas.health
        case .agent: GatewaySchemas.agent
        case .agentWait: GatewaySchemas.agentWait
        case .chatSend: GatewaySchemas.chatSend
        case .chatHistory: GatewaySchemas.chatHistory
        case .chatAbort: GatewaySchemas.chatAbort
        case .sessionsList: GatewaySchemas.sessionsList
        case .sessionsPatch: GatewaySchemas.sessionsPatch
        case .modelsList: GatewaySchemas.modelsList
        case .pairApprove, .pairReject: GatewaySchemas.pairRequest
        case .pairRemove: GatewaySchemas.pairDevice
        }
    }
}

/// Events that we send, and the scope a connection needs for each.
enum GatewayEvent: String, CaseIterable, Sendable {
    case agent, chat, tick, presence, shutdown
    case pairRequested = "device.pair.requested"
    case pairResolved = "device.pair.resolved"

    var scope: String? {
        switch self {
        case .tick, .presence, .shutdown: nil
        case .agent, .chat: ScopeRules.read
        case .pairRequested, .pairResolved: ScopeRules.pairing
        }
    }

    /// Dropped instead of closing a client that reads too slowly: the next one makes it whole.
    var isDroppable: Bool { self == .tick || self == .presence }
}
