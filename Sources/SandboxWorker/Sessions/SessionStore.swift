import FoundationEssentials
import Shared

/// Sessions in the sandbox's home, in OpenClaw's layout. The agent writes `sessions.json` and transcripts; we write only
/// the overlay that `sessions.patch` fills. Reads happen here, off the event loop.
actor SessionStore {
    struct Resolved: Sendable, Equatable {
        var key: SessionKey
        var sessionId: String
        /// Model chosen by `sessions.patch`.
        var model: String?
    }

    /// `sessions.json` has some hundred bytes a session.
    static let indexBytes = 4 << 20
    static let overlayBytes = 1 << 20
    static let maximumOverlays = 2000
    /// Reply budget of `chat.history`.
    static let historyBytes = 6 << 20
    static let maximumAgents = 64

    private let home: HomeFolder

    init(home: HomeFolder) {
        self.home = home
    }

    /// Which session a request means: by key, by id, or the agent's main one.
    func resolve(agentId: String?, key: String?, sessionId: String?) throws(GatewayError) -> Resolved {
        let sessionId = sessionId.flatMap { $0.isEmpty ? nil : $0 }
        if let sessionId, !SessionKey.isSessionId(sessionId) { throw .invalid("invalid session id") }
        let agentId = agentId.flatMap { $0.isEmpty ? nil : $0 }
        let given: SessionKey?
        if let key, !key.isEmpty { given = try SessionKey(key, agentId: agentId) } else { given = nil }
        let main = try SessionKey("main", agentId: given?.agentId ?? agentId)
        let entries = entries(main.agentId)
        let found: SessionKey
        if let given {
            found = given
        } else if let sessionId {
            let known = entries.keys.sorted().first { entries[$0]?["sessionId"]?.stringValue == sessionId }
            // try?: a stored key that is no key is as good as none
            found =
                known.flatMap { try? SessionKey($0, agentId: main.agentId) }
                ?? SessionKey(agentId: main.agentId, rest: "explicit:\(sessionId)")
        } else {
            found = main
        }
        let entry = entries[found.text]
        let stored = entry?["sessionId"]?.stringValue.flatMap { SessionKey.isSessionId($0) ? $0 : nil }
        return Resolved(
            key: found, sessionId: sessionId ?? stored ?? found.explicitId ?? UUID().uuidString.lowercased(),
            model: entry?["modelOverride"]?.stringValue)
    }

    func list(_ params: JSONValue, now: Int64) -> [JSONValue] {
        let agents: [String]
        if let wanted = params["agentId"]?.stringValue {
            agents = SessionKey.isName(wanted, maximum: 64) ? [wanted] : []
        } else {
            // try?: a home without that folder, or with something else there, has no sessions
            agents = ((try? home.names(in: [".openclaw", "agents"], maximum: Self.maximumAgents)) ?? []).filter {
                SessionKey.isName($0, maximum: 64)
            }
        }
        let oldest = params["activeMinutes"]?.intValue.map { now - min($0, 10_000_000) * 60_000 }
        let search = params["search"]?.stringValue?.lowercased()
        let label = params["label"]?.stringValue
        let rows: [(Int64, JSONValue)] = agents.flatMap { agent in
            entries(agent).compactMap { key, entry -> (Int64, JSONValue)? in
                let updated = entry["updatedAt"]?.intValue ?? 0
                if let oldest, updated < oldest { return nil }
                if let search, !search.isEmpty, !key.lowercased().contains(search) { return nil }
                if let label, entry["label"]?.stringValue != label { return nil }
                return (updated, SessionRow.row(key: key, entry: entry))
            }
        }
        let offset = Int(clamping: params["offset"]?.intValue ?? 0)
        let limit = Int(clamping: params["limit"]?.intValue ?? 200)
        return rows.sorted { $0.0 > $1.0 }.dropFirst(offset).prefix(min(limit, 1000)).map(\.1)
    }

    /// Number of sessions and the newest ones, for `health` and `status`.
    func summary() -> (count: Int, recent: [JSONValue]) {
        let rows = list([:], now: 0)
        return (
            rows.count,
            rows.prefix(5).map { ["key": $0["key"] ?? "", "updatedAt": $0["updatedAt"] ?? nil] }
        )
    }

    /// The transcript's messages, newest last.
    func history(_ session: Resolved, limit: Int, maximumCharacters: Int?) -> [JSONValue] {
        let path = folder(session.key.agentId) + ["\(session.sessionId).jsonl"]
        // try?: what is no plain file has no messages to show
        guard let (bytes, cut) = try? home.read(path, maximum: Self.historyBytes, tail: true) else { return [] }
        return Transcript.messages(
            in: bytes, startsInsideLine: cut, limit: limit, maximumCharacters: maximumCharacters)
    }

    /// Stores the members of a `sessions.patch`; the entry as it is now.
    func patch(_ key: SessionKey, _ params: JSONValue, now: Int64) throws(NemoClawError) -> JSONValue {
        var overlays = overlays(key.agentId)
        var overlay = overlays[key.text]?.objectValue ?? [:]
        for (name, value) in params.objectValue ?? [:] where name != "key" && name != "agentId" {
            overlay[name == "model" ? "modelOverride" : name] = value
        }
        overlay["patchedAt"] = .int(now)
        overlays[key.text] = .object(overlay)
        guard overlays.count <= Self.maximumOverlays else {
            throw NemoClawError(.busy, "too many sessions are patched")
        }
        let bytes = try JSONCoding.encode(JSONValue.object(overlays), pretty: true)
        guard bytes.count <= Self.overlayBytes else { throw NemoClawError(.busy, "session patches are too long") }
        try home.write(folder(key.agentId) + ["patches.json"], bytes)
        return entries(key.agentId)[key.text] ?? .object(overlay)
    }

    /// Entries of an agent's `sessions.json` with our overlay on top; null members of the overlay remove.
    private func entries(_ agentId: String) -> [String: JSONValue] {
        var entries = object(folder(agentId) + ["sessions.json"], maximum: Self.indexBytes)
        entries = entries.filter { $0.value.objectValue != nil && $0.key.utf8.count <= SessionKey.maximumLength }
        for (key, overlay) in overlays(agentId) {
            var entry = entries[key]?.objectValue ?? ["updatedAt": overlay["patchedAt"] ?? 0]
            for (name, value) in overlay.objectValue ?? [:] where name != "patchedAt" {
                if value.isNull { entry.removeValue(forKey: name) } else { entry[name] = value }
            }
            entries[key] = .object(entry)
        }
        return entries
    }

    private func overlays(_ agentId: String) -> [String: JSONValue] {
        object(folder(agentId) + ["patches.json"], maximum: Self.overlayBytes)
    }

    private func object(_ path: [String], maximum: Int) -> [String: JSONValue] {
        // try?: the sandbox may have put anything there; what is no JSON object reads as empty
        guard let (bytes, _) = try? home.read(path, maximum: maximum) else { return [:] }
        return (try? JSONCoding.decode(JSONValue.self, from: bytes))?.objectValue ?? [:]
    }

    private func folder(_ agentId: String) -> [String] { [".openclaw", "agents", agentId, "sessions"] }
}
