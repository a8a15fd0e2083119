import CSandbox
import Glibc
import Shared

/// Starts workers as our own children, with the descriptors of `docs/wire-protocols.md`.
struct DirectLauncher: WorkerLauncher {
    /// Group that may use `worker.sock` when the supervisor is root; the sandboxes' own users follow it.
    static let workersGroup: UInt32 = 231_071
    /// The largest pipe that every user may have (`/proc/sys/fs/pipe-max-size`); CA bundles take a quarter of it.
    private static let messageCapacity: CInt = 1 << 20

    let program: String
    /// argv: the name alone, except for a stand-in of a test.
    var arguments = ["nemoclaw-sandbox-worker"]
    let runFolder: String
    let logLevel: String

    func launch(_ order: LaunchOrder) throws(NemoClawError) -> WorkerProcess {
        let executable = try Self.open(program, O_RDONLY | O_CLOEXEC)
        let null = try Self.open("/dev/null", O_RDONLY | O_CLOEXEC)
        let log = try Self.open(order.logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        let run = try Self.open(runFolder, LinuxConstants.openPath | O_DIRECTORY | O_CLOEXEC)
        let home = try Self.open(order.launch.homePath, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        var launch = order.launch
        let mounts = order.uid == nil ? [] : try Self.mounts(for: launch)
        launch.descriptors = mounts.map(\.name)
        let message = try Self.message(launch)
        let inherited = [null, log, log, message, run, order.port, home] + mounts.map(\.descriptor)
        return try spawn(executable, inherited, uid: order.uid, sandbox: launch.sandbox)
    }

    private func spawn(
        _ executable: Descriptor, _ inherited: [Descriptor], uid: UInt32?, sandbox: SandboxName
    ) throws(NemoClawError) -> WorkerProcess {
        let map = inherited.enumerated().map { csandbox_fd_map(source: $1.number, target: Int32($0)) }
        let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "NEMOCLAW_LOG_LEVEL=\(logLevel)"]
        var process = csandbox_process()
        var failure = csandbox_failure()
        let result = Self.withStrings(arguments) { argv in
            Self.withStrings(environment) { envp in
                map.withUnsafeBufferPointer { map in
                    var plan = csandbox_spawn_plan()
                    plan.executable_fd = executable.number
                    plan.new_session = 1
                    plan.argv = UnsafePointer(argv)
                    plan.envp = UnsafePointer(envp)
                    plan.fds = map.baseAddress
                    plan.fd_count = map.count
                    plan.uid = uid ?? UInt32.max
                    plan.gid = uid ?? UInt32.max
                    plan.group = uid == nil ? UInt32.max : Self.workersGroup
                    plan.directory_fd = -1
                    return csandbox_spawn(&plan, &process, &failure)
                }
            }
        }
        withExtendedLifetime(inherited) {}  // their numbers were in the map
        guard result == 0 else {
            let step = csandbox_step_name(failure.step).map { String(cString: $0) } ?? "\(failure.step)"
            throw .system(
                "cannot start the worker of sandbox \"\(sandbox)\" at \(step)",
                failure.error == 0 ? -result : failure.error)
        }
        return WorkerProcess(
            pid: process.pid, startTicks: ProcessIdentity.startTicks(of: process.pid) ?? 0,
            descriptor: Descriptor(owning: process.pidfd))
    }

    /// Detached mounts, so that the sandbox's user needs no right on any path of the host.
    private static func mounts(for launch: WorkerLaunch) throws(NemoClawError) -> [(
        name: String, descriptor: Descriptor
    )] {
        var mounts: [(name: String, descriptor: Descriptor)] = []
        for (name, path) in [
            ("mount.home", launch.homePath), ("mount.init", launch.initPath), ("mount.openclaw", launch.agentPath),
        ] {
            let number = csandbox_open_mount(path, 0)
            guard number >= 0 else { throw .system("cannot open a mount of \"\(path)\"", -number) }
            mounts.append((name, Descriptor(owning: number)))
        }
        return mounts
    }

    /// The launch message in a pipe that is large enough for the CA bundle: a file would leave secrets on a disk.
    private static func message(_ launch: WorkerLaunch) throws(NemoClawError) -> Descriptor {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("cannot create the launch message", errno) }
        let (readEnd, writeEnd) = (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
        guard fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0,
            fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0,  // nobody reads yet: too much is an error, not a wait
            fcntl(ends[1], LinuxConstants.setPipeSize, messageCapacity) >= 0
        else { throw .system("cannot set up the launch message", errno) }
        let failure = SmallFile.writeAll(writeEnd.number, try JSONCoding.encode(launch))
        guard failure == 0 else { throw .system("cannot write the launch message", failure) }
        return readEnd
    }

    private static func open(_ path: String, _ flags: CInt) throws(NemoClawError) -> Descriptor {
        let number = Glibc.open(path, flags, 0o600)
        guard number >= 0 else { throw .system("cannot open \"\(path)\"", errno) }
        return Descriptor(owning: number)
    }

    /// A null-ended array of C strings for the length of `body`.
    private static func withStrings<Result>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress) }
    }
}
