import Shared
import SystemPackage

/// Where OpenClaw keeps its files.
struct OpenClawFolders: Sendable, Equatable {
    /// `~/.openclaw`, or `OPENCLAW_STATE_DIR`.
    let state: FilePath
    /// `openclaw.json`, or `OPENCLAW_CONFIG_PATH`.
    let configuration: FilePath

    init(environment: [String: String]) throws(NemoClawError) {
        let home = environment["OPENCLAW_HOME"] ?? environment["HOME"] ?? ""
        if let folder = environment["OPENCLAW_STATE_DIR"], folder.hasPrefix("/") {
            state = FilePath(folder)
        } else {
            guard home.hasPrefix("/") else {
                throw NemoClawError(.invalidArgument, "no home folder is known", hint: "Set HOME to an absolute path")
            }
            state = FilePath(home).appending(".openclaw")
        }
        configuration =
            environment["OPENCLAW_CONFIG_PATH"].flatMap { $0.isEmpty ? nil : FilePath($0) }
            ?? state.appending("openclaw.json")
    }

    var device: FilePath { state.appending("identity").appending("device.json") }
    var deviceTokens: FilePath { state.appending("identity").appending("device-auth.json") }
    var agents: FilePath { state.appending("agents") }

    /// Folder of one agent's sessions. `agent` must be a valid agent id.
    func sessions(agent: String) -> FilePath { agents.appending(agent).appending("sessions") }
}
