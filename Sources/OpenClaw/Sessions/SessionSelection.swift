import Shared
import SystemPackage

/// Which conversation a command means, out of its `--agent`, `--session-id`, `--session-key` and `--to`.
struct SessionSelection: Sendable, Equatable {
    var agentId: String
    var sessionKey: String
    /// nil: the conversation's current one.
    var sessionId: String?

    static let defaultAgent = "main"

    /// - Throws: `invalid_argument` without any selector, or for an id that cannot name a file.
    static func resolve(
        agent: String?, sessionId: String?, sessionKey: String?, to: String?, configuration: OpenClawConfiguration,
        folders: OpenClawFolders
    ) throws(NemoClawError) -> SessionSelection {
        guard agent != nil || sessionId != nil || sessionKey != nil || to != nil else {
            throw NemoClawError(
                .invalidArgument, "no session is selected",
                hint: "Pass --agent main, --session-id, --session-key or --to")
        }
        let agentId = try agent.map { (text) throws(NemoClawError) in try checkAgent(text, configuration) }
        if let sessionId { try checkSessionId(sessionId) }
        if let key = sessionKey {
            let full = try fullKey(key, agent: agentId ?? defaultAgent)
            if let agentId, full.agent != agentId {
                throw NemoClawError(.invalidArgument, "session key \"\(key)\" belongs to agent \"\(full.agent)\"")
            }
            return SessionSelection(agentId: full.agent, sessionKey: full.key, sessionId: sessionId)
        }
        guard let sessionId else {
            let name = agentId ?? defaultAgent
            return SessionSelection(
                agentId: name, sessionKey: "agent:\(name):\(configuration.mainKey)", sessionId: nil)
        }
        for candidate in agentId.map({ [$0] }) ?? storedAgents(folders) {
            let index = SessionIndex(folder: folders.sessions(agent: candidate))
            if let key = try index.key(forSessionId: sessionId) {
                return SessionSelection(agentId: candidate, sessionKey: key, sessionId: sessionId)
            }
        }
        let name = agentId ?? defaultAgent
        return SessionSelection(
            agentId: name, sessionKey: "agent:\(name):explicit:\(sessionId)", sessionId: sessionId)
    }

    /// 1 to 128 of letters, digits, `.`, `_`, `-`, not a dot first: the id names a file.
    static func checkSessionId(_ text: String) throws(NemoClawError) {
        guard isName(text, longest: 128) else {
            throw NemoClawError(
                .invalidArgument, "session id \"\(PrintableText.line(text, limit: 64))\" is not valid",
                hint: "Use 1 to 128 letters, digits, dots, hyphens and underscores, no dot first")
        }
    }

    /// 1 to 64 of letters, digits, `_`, `-`; lower-cased.
    static func checkAgentId(_ text: String) throws(NemoClawError) -> String {
        let id = text.lowercased()
        guard isName(id, longest: 64), !id.contains(".") else {
            throw NemoClawError(.invalidArgument, "agent id \"\(PrintableText.line(text, limit: 64))\" is not valid")
        }
        return id
    }

    private static func checkAgent(_ text: String, _ configuration: OpenClawConfiguration) throws(NemoClawError)
        -> String
    {
        let id = try checkAgentId(text)
        guard configuration.agentIds.isEmpty || configuration.agentIds.contains(id) else {
            throw NemoClawError(
                .invalidArgument, "unknown agent id \"\(id)\"",
                hint: "Use one of: \(configuration.agentIds.joined(separator: ", "))")
        }
        return id
    }

    private static func fullKey(_ key: String, agent: String) throws(NemoClawError) -> (agent: String, key: String) {
        guard (1...512).contains(key.utf8.count), PrintableText.line(key, limit: 512) == key else {
            throw NemoClawError(.invalidArgument, "session key is not valid")
        }
        guard key.hasPrefix("agent:") else { return (agent, "agent:\(agent):\(key)") }
        let parts = key.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty else {
            throw NemoClawError(
                .invalidArgument, "session key \"\(key)\" is not valid", hint: "Use agent:<agent>:<name>")
        }
        return (try checkAgentId(String(parts[1])), key)
    }

    private static func isName(_ text: String, longest: Int) -> Bool {
        (1...longest).contains(text.utf8.count) && !text.hasPrefix(".")
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
    }

    /// Agents with a folder, the default one first. At most 256 are looked at.
    private static func storedAgents(_ folders: OpenClawFolders) -> [String] {
        let names = FolderListing.names(in: folders.agents, limit: 256).filter { isName($0, longest: 64) }.sorted()
        return [defaultAgent] + names.filter { $0 != defaultAgent }
    }
}
