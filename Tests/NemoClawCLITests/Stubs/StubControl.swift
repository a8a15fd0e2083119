import Shared

@testable import NemoClawCLI

/// A whole control API of stubs, for commands as real processes.
struct StubControl: Sendable {
    var sandboxes: [SandboxStatus] = []
    /// Requests (method and path) that are answered otherwise.
    var special: [String: StubServer.Reply] = [:]

    func server(run: String) throws -> StubServer {
        mkdirs(run)
        let list = try Samples.text(
            SandboxList(
                defaultSandbox: sandboxes.first { $0.isDefault }?.name, sandboxes: sandboxes, gateway: Samples.gateway))
        let gateway = try Samples.text(Samples.gateway)
        let result = try Samples.text(
            OnboardResult(sandbox: try Samples.sandbox("alpha"), notes: ["! Port 18789 is taken by nginx (pid 812)."]))
        let rows = try Dictionary(uniqueKeysWithValues: sandboxes.map { ($0.name.rawValue, try Samples.text($0)) })
        let special = special
        return StubServer(path: "\(run)/control.sock") { request in
            if let reply = special[request.line] { return reply }
            let parts = request.path.split(separator: "?")[0].split(separator: "/")
            switch (request.method, parts.dropFirst().first, parts.count) {
            case ("GET", "gateway", 2): return .json(200, gateway)
            case ("GET", "sandboxes", 2): return .json(200, list)
            case ("POST", "sandboxes", 2): return .json(201, result)
            case ("POST", "probe", 2): return .json(200, "{\"inference\":\"healthy\"}")
            case ("DELETE", "sandboxes", 3): return .json(200, "{}")
            case (_, "sandboxes", 3...4):
                return rows[String(parts[2])].map { .json(200, $0) }
                    ?? .json(404, Samples.failure(.notFound, "no sandbox"))
            default: return .json(200, "{}")
            }
        }
    }

    private func mkdirs(_ path: String) {
        try? Folder.make(path)  // try?: listening there fails next, and loudly
    }
}
