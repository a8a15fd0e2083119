import Shared

/// The process that serves a sandbox, so that a supervisor that comes back can tell it from a stranger with its pid.
struct WorkerRecord: Sendable, Equatable {
    var name: SandboxName
    var pid: Int32
    /// Field 22 of `/proc/PID/stat` (proc_pid_stat(5)): with the pid it names one process for the life of a boot.
    var startTicks: UInt64
    /// Pid 1 of the sandbox, as the host sees it.
    var initPid: Int32?
}
