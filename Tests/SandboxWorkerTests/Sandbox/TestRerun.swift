import CSandbox
import Glibc
import SystemPackage
import Testing

/// Runs some of these tests again in a process of their own: as another user, or alone.
enum TestRerun {
    static let marker = "NEMOCLAW_TEST_RERUN"
    static let mountMarker = "NEMOCLAW_TEST_MOUNTS"

    static var isRerun: Bool { getenv(marker) != nil }

    static func ownProgram() -> FilePath? {
        let maps = fopen("/proc/self/maps", "re")
        defer { if let maps { fclose(maps) } }
        var line = [CChar](repeating: 0, count: 8192)
        // The test program, or the helper that loaded it: the one that ends in .xctest.
        while let maps, fgets(&line, CInt(line.count), maps) != nil {
            let text = String(
                decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasSuffix(".xctest"), let start = text.firstIndex(of: "/") {
                return FilePath(String(text[start...]))
            }
        }
        return nil
    }

    /// Detached mounts that a root parent handed over at fixed numbers.
    static func mounts() -> [String: CInt] {
        getenv(mountMarker) == nil ? [:] : ["mount.home": 7, "mount.init": 8, "mount.openclaw": 9]
    }

    /// The exit code and output of the tests that match `filter`.
    static func run(
        filter: String, user: UInt32? = nil, mounts: [CInt] = []
    ) throws -> (code: CInt, output: String) {
        let program = try #require(ownProgram()).string
        let executable = open(program, O_RDONLY | O_CLOEXEC)
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let pipe = try Scratch.pipe()
        try #require(executable >= 0 && input >= 0)
        defer { [executable, input, pipe.read].forEach { close($0) } }
        var map = [(input, 0), (pipe.write, 1), (pipe.write, 2)].map { csandbox_fd_map(source: $0.0, target: $0.1) }
        for (index, mount) in mounts.enumerated() {
            map.append(csandbox_fd_map(source: mount, target: CInt(7 + index)))
        }
        var environment = ["PATH=/usr/bin:/bin", "HOME=/", "\(marker)=1"]
        if !mounts.isEmpty { environment.append("\(mountMarker)=1") }
        let arguments = [program, "--testing-library", "swift-testing", "--no-parallel", "--filter", filter]
        var process = csandbox_process()
        var failure = csandbox_failure()
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        let result = argv.withUnsafeBufferPointer { argv in
            envp.withUnsafeBufferPointer { envp in
                map.withUnsafeBufferPointer { fds in
                    var plan = csandbox_spawn_plan()
                    plan.executable_fd = executable
                    plan.new_session = 1
                    plan.argv = argv.baseAddress
                    plan.envp = envp.baseAddress
                    plan.fds = fds.baseAddress
                    plan.fd_count = fds.count
                    plan.uid = user ?? .max
                    plan.gid = user ?? .max
                    plan.group = .max
                    plan.directory_fd = -1
                    return csandbox_spawn(&plan, &process, &failure)
                }
            }
        }
        close(pipe.write)
        try #require(result == 0, "\(String(cString: csandbox_step_name(failure.step))): \(failure.error)")
        var output: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while case let count = read(pipe.read, &part, part.count), count > 0 { output += part[..<count] }
        var kind: CInt = -1
        var value: CInt = -1
        try #require(csandbox_pidfd_wait(process.pidfd, 60_000, &kind, &value) == 0)
        close(process.pidfd)
        return (kind == 0 ? value : 128 + value, String(decoding: output, as: UTF8.self))
    }
}
