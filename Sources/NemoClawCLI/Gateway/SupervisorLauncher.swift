import Glibc
import Shared

/// Starts `nemoclaw-supervisor` in the background and waits until it answers.
struct SupervisorLauncher {
    /// How long it may take until its socket answers.
    static let readyMilliseconds = 15_000
    /// How long `down` waits until it is gone.
    static let goneMilliseconds = 60_000
    private static let pollMilliseconds = 5

    let context: Context
    let interrupts: Interrupts?

    /// Variables a supervisor gets. Providers' keys are not among them: they travel in requests.
    static let allowedVariables: Set<String> = [
        "PATH", "HOME", "LANG", "NEMOCLAW_HOME", "NEMOCLAW_GATEWAY_PORT", "NEMOCLAW_DASHBOARD_PORT",
        "NEMOCLAW_LOG_LEVEL", "NEMOCLAW_LIBEXEC",
    ]

    static func environment(from all: [String: String]) -> [String: String] {
        all.filter { allowedVariables.contains($0.key) || $0.key.hasPrefix("XDG_") }
    }

    /// Starts one unless one answers.
    /// - Returns: its status, and whether this call started it.
    func ensureRunning() throws -> (gateway: GatewayStatus, started: Bool) {
        do {
            return (try context.client(interrupts).gateway(milliseconds: 5000), false)
        } catch let error as NemoClawError where error.code == .unavailable {
            return (try start(), true)
        }
    }

    /// Asks it to end and waits until it did. False when none was running.
    func shutDown() throws -> Bool {
        let client = context.client(interrupts)
        let pid: Int32
        do {
            pid = try client.gateway(milliseconds: 5000).pid
        } catch let error as NemoClawError where error.code == .unavailable {
            return false
        }
        _ = try client.call("POST", "/v1/shutdown", milliseconds: ControlClient.changeMilliseconds)
        let deadline = Deadline.after(milliseconds: Self.goneMilliseconds)
        while isAlive(pid) || isListening() {
            guard !deadline.hasPassed else {
                throw NemoClawError(
                    .timeout, "the supervisor (pid \(pid)) did not end in time", hint: "Run `nemoclaw down` again")
            }
            try Wait.pause(milliseconds: Self.pollMilliseconds, interrupts: interrupts)
        }
        return true
    }

    private func isAlive(_ pid: Int32) -> Bool {
        guard pid > 0, kill(pid, 0) == 0 || errno == EPERM else { return false }
        // A zombie ended; only its parent has not looked yet.
        guard let text = SmallFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return false }
        return !text[end...].hasPrefix(") Z")
    }

    private func isListening() -> Bool {
        do {
            _ = try UnixStream.connect(
                path: context.folders.controlSocket, until: .after(milliseconds: 1000), interrupts: interrupts)
            return true
        } catch {
            return false
        }
    }

    private func start() throws -> GatewayStatus {
        let program = try SupervisorProgram.find(context)
        try Folder.make(context.folders.state)
        let log = "\(context.folders.state)/supervisor.log"
        let logStart = SmallFile.size(log)
        let pid = try BackgroundProcess.start(
            program, environment: Self.environment(from: context.environment), log: log)
        do {
            return try waitUntilReady(pid, log: log, from: logStart)
        } catch {
            // Nothing half made: it did not become ready, so it does not stay.
            BackgroundProcess.end(pid)
            throw error
        }
    }

    private func waitUntilReady(_ pid: Int32, log: String, from logStart: Int) throws -> GatewayStatus {
        let deadline = Deadline.after(milliseconds: Self.readyMilliseconds)
        let client = context.client(interrupts)
        var end: String?
        while true {
            do {
                return try client.gateway(milliseconds: 5000)
            } catch let error as NemoClawError where error.code == .unavailable || error.code == .timeout {
                end = end ?? BackgroundProcess.ended(pid)
                // Two `up` at a time: one supervisor got the state's lock, the other left. Wait for the first.
                if let end, !isStateLocked() {
                    show(log, from: logStart)
                    throw NemoClawError(
                        .unavailable, "the supervisor ended at once (\(end))", hint: "Read \(log)")
                }
                guard !deadline.hasPassed else {
                    show(log, from: logStart)
                    throw NemoClawError(
                        .timeout, "the supervisor did not answer within \(Self.readyMilliseconds / 1000) s",
                        hint: "Read \(log)")
                }
            }
            try Wait.pause(milliseconds: Self.pollMilliseconds, interrupts: interrupts)
        }
    }

    private func isStateLocked() -> Bool {
        let descriptor = open("\(context.folders.state)/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    private func show(_ log: String, from start: Int) {
        for line in SmallFile.lastLines(log, from: start, count: 10) {
            context.console.note("  | \(Printable.line(line))")
        }
    }
}
