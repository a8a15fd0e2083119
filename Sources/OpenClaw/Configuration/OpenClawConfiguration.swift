import FoundationEssentials
import Shared
import SystemPackage

/// What the agent needs of `openclaw.json` (JSON5). Everything else in it is left alone.
struct OpenClawConfiguration: Sendable {
    var port: Int
    var token: Secret<String>?
    var mainKey: String
    /// Ids in `agents.list`; empty when the file does not name any.
    var agentIds: [String]
    var timeoutSeconds: Int?

    static let defaultPort = 18789
    /// Longest configuration file in bytes.
    static let maximumBytes = 1 << 20

    static func load(_ path: FilePath) throws(NemoClawError) -> OpenClawConfiguration {
        guard let bytes = try LocalFile.read(path, limit: maximumBytes) else { return OpenClawConfiguration(.null) }
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        do {
            return OpenClawConfiguration(try decoder.decode(JSONValue.self, from: Data(bytes)))
        } catch {
            throw NemoClawError(.stateCorrupt, "cannot read \"\(path)\": it is not valid JSON5")
        }
    }

    init(_ file: JSONValue) {
        let gateway = file["gateway"]
        let port = gateway?["port"]?.intValue ?? 0
        self.port = (1...65535).contains(port) ? Int(port) : Self.defaultPort
        let text = gateway?["auth"]?["token"]?.stringValue ?? ""
        token = text.isEmpty ? nil : Secret(text)
        mainKey = file["session"]?["mainKey"]?.stringValue ?? "main"
        agentIds = (file["agents"]?["list"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
        timeoutSeconds = (file["agents"]?["defaults"]?["timeoutSeconds"]?.intValue).flatMap {
            (0...AgentLimits.longestTimeout).contains(Int($0)) ? Int($0) : nil
        }
    }
}
