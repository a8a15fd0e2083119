import CSandbox
import Glibc
import Testing

/// A child of `csandbox_spawn` for tests.
struct Spawned {
    var result: CInt
    var step: String
    var pid: pid_t
    var exit: (kind: CInt, value: CInt) = (-1, -1)
    var output = ""

    /// Spawns `program`, waits for it, and returns what it wrote to descriptor 1.
    static func run(
        _ program: String, _ arguments: [String] = [], environment: [String] = ["PATH=/usr/bin:/bin"],
        extra: [csandbox_fd_map] = [], user: UInt32? = nil, group: UInt32? = nil
    ) throws -> Spawned {
        let pipe = try Scratch.pipe()
        let executable = open(program, O_RDONLY | O_CLOEXEC)
        defer { close(executable) }
        let map =
            [csandbox_fd_map(source: pipe.write, target: 1), csandbox_fd_map(source: pipe.write, target: 2)] + extra
        var process = csandbox_process()
        var failure = csandbox_failure()
        let result = vector([program] + arguments) { argv in
            vector(environment) { envp in
                map.withUnsafeBufferPointer { fds in
                    var plan = csandbox_spawn_plan()
                    plan.executable_fd = executable
                    plan.new_session = 1
                    plan.argv = argv
                    plan.envp = envp
                    plan.fds = fds.baseAddress
                    plan.fd_count = fds.count
                    plan.uid = user ?? .max
                    plan.gid = user ?? .max
                    plan.group = group ?? .max
                    plan.directory_fd = -1
                    return csandbox_spawn(&plan, &process, &failure)
                }
            }
        }
        close(pipe.write)
        defer { close(pipe.read) }
        var spawned = Spawned(
            result: result, step: String(cString: csandbox_step_name(failure.step)), pid: process.pid)
        guard result == 0 else { return spawned }
        spawned.output = readAll(pipe.read)
        var kind: CInt = -1
        var value: CInt = -1
        try #require(csandbox_pidfd_wait(process.pidfd, 60_000, &kind, &value) == 0)
        spawned.exit = (kind, value)
        close(process.pidfd)
        return spawned
    }

    private static func readAll(_ descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while case let count = read(descriptor, &part, part.count), count > 0 { bytes += part[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func vector<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers = texts.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        // swift-format-ignore: NeverForceUnwrap
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
