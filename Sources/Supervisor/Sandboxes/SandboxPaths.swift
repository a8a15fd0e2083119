import Shared

/// Where one sandbox's data lies below `STATE`.
struct SandboxPaths: Sendable {
    let state: String

    var all: String { "\(state)/sandboxes" }
    func folder(_ name: SandboxName) -> String { "\(all)/\(name)" }
    func home(_ name: SandboxName) -> String { "\(folder(name))/home" }
    func log(_ name: SandboxName) -> String { "\(folder(name))/worker.log" }
}
