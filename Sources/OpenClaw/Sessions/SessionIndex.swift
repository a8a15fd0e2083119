import Shared
import SystemPackage

/// `sessions.json` of one agent: session key → entry. Members that we do not know are kept.
struct SessionIndex: Sendable {
    let path: FilePath

    init(folder: FilePath) {
        path = folder.appending("sessions.json")
    }

    /// The file as an object; empty when it is missing or damaged.
    func load() throws(NemoClawError) -> [String: JSONValue] {
        guard let bytes = try LocalFile.read(path, limit: AgentLimits.sessionIndex) else { return [:] }
        return (try? JSONCoding.decode(JSONValue.self, from: bytes))?.objectValue ?? [:]  // try?: see above
    }

    func sessionId(forKey key: String) throws(NemoClawError) -> String? {
        try load()[key]?["sessionId"]?.stringValue
    }

    func key(forSessionId id: String) throws(NemoClawError) -> String? {
        try load().filter { $0.value["sessionId"]?.stringValue == id }.keys.min()
    }

    /// Notes a run in the entry of `key`, keeping what this run does not know (an aborted one has no token counts).
    /// Readers see the file before or after, never between.
    func record(key: String, sessionId: String, route: TranscriptEntry.Route, usage: TokenUsage, nowMs: Int64)
        async throws
    {
        try LocalFile.makeFolder(path.removingLastComponent())
        let lock = try await FileLock.acquire(for: path, limit: .seconds(10))
        var index = try loadKeepingDamaged(nowMs: nowMs)
        var entry = index[key]?.objectValue ?? [:]
        if entry["sessionId"]?.stringValue != sessionId || entry["sessionStartedAt"]?.intValue == nil {
            entry["sessionStartedAt"] = .int(nowMs)
        }
        entry["sessionId"] = .string(sessionId)
        entry["updatedAt"] = .int(nowMs)
        if usage.total > 0 {
            entry["inputTokens"] = .int(Int64(usage.input))
            entry["outputTokens"] = .int(Int64(usage.output))
            entry["totalTokens"] = .int(Int64(usage.total))
        }
        if !route.isUnknown {
            entry["model"] = .string(route.model)
            entry["modelProvider"] = .string(route.provider)
        }
        index[key] = .object(entry)
        try LocalFile.replace(path, with: try JSONCoding.encode(JSONValue.object(index), pretty: true) + [0x0a])
        _ = consume lock
    }

    /// A file that is not JSON is put aside, so that nothing of it is lost.
    private func loadKeepingDamaged(nowMs: Int64) throws(NemoClawError) -> [String: JSONValue] {
        guard let bytes = try LocalFile.read(path, limit: AgentLimits.sessionIndex), !bytes.isEmpty else { return [:] }
        // try?: see above
        if let index = (try? JSONCoding.decode(JSONValue.self, from: bytes))?.objectValue { return index }
        try LocalFile.replace(FilePath("\(path.string).damaged.\(nowMs)"), with: bytes)
        return [:]
    }
}
