import Glibc
import Shared

/// A child in a session of its own that outlives this program.
enum BackgroundProcess {
    /// - Parameter log: gets stdout and stderr, mode 0600.
    static func start(_ program: String, environment: [String: String], log: String) throws(NemoClawError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // POSIX_SPAWN_SETSID is 0x80 (glibc's spawn.h); the macro has a form that is not imported.
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | 0x80)
        var pid: pid_t = 0
        let words = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let code = CStrings.with([program]) { argv in
            CStrings.with(words) { envp in posix_spawn(&pid, program, &actions, &attributes, argv, envp) }
        }
        guard code == 0 else { throw SystemFailure.error("start \"\(program)\" with the log \"\(log)\"", code) }
        return pid
    }

    /// How it ended, nil while it runs.
    static func ended(_ pid: Int32) -> String? {
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        // Collected before: its number may be somebody else's by now, so nothing may signal it.
        if result < 0 { return "an earlier end" }
        guard result == pid else { return nil }
        return status & 0x7f == 0 ? "exit code \((status >> 8) & 0xff)" : "signal \(status & 0x7f)"
    }

    /// TERM, then KILL when it does not go within 5 s.
    static func end(_ pid: Int32) {
        guard ended(pid) == nil, kill(pid, SIGTERM) == 0 else { return }
        let deadline = Deadline.after(milliseconds: 5000)
        while !deadline.hasPassed {
            if ended(pid) != nil { return }
            poll(nil, 0, 5)
        }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}

/// Strings as a C array that ends with a null pointer.
enum CStrings {
    static func with<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            // The buffer holds at least the null pointer, so it has an address.
            buffer.baseAddress.map(body) ?? body([nil])
        }
    }
}
