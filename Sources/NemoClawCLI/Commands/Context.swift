import Glibc
import Shared

/// What a command works with; tests make their own.
struct Context {
    let environment: [String: String]
    let folders: Folders
    let console: Console
    /// This program's own file, to find its siblings.
    let executable: String
    /// The user this program acts for.
    let user: UInt32

    init(environment: [String: String], console: Console, executable: String, user: UInt32) throws(NemoClawError) {
        self.environment = environment
        self.console = console
        self.executable = executable
        self.user = user
        folders = try Folders(environment: environment, effectiveUser: user)
    }

    /// A client of this context's supervisor.
    func client(_ interrupts: Interrupts? = nil) -> ControlClient {
        ControlClient(socket: folders.controlSocket, interrupts: interrupts)
    }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A switch: set to anything but 0, false or no.
    func isOn(_ name: String) -> Bool {
        variable(name).map { !["0", "false", "no"].contains($0.lowercased()) } ?? false
    }
}
