import CSandbox
import Glibc
import Shared
import Synchronization

/// Launches a planned sandbox.
enum SandboxLauncher {
    /// Blocks for some milliseconds. The sandbox lives until it is told to end, or this process ends.
    /// - Throws: `user_namespaces_disabled` with the setting that forbids them, else `sandbox_failed` with the step.
    static func launch(_ plan: SandboxPlan) throws(NemoClawError) -> SandboxProcess {
        let outcome = LaunchOutcome()
        // PR_SET_PDEATHSIG means the launching thread, prctl(2), and threads of Swift's pool end when they are idle. So a
        // thread of its own launches the sandbox, stays, and reaps it.
        let created = BlockingThread.start("sandbox") {
            let result = launchOnThisThread(plan)
            outcome.put(result)
            if case .success(let process) = result { process.waitForEnd() }
        }
        guard created == 0 else {
            throw NemoClawError(
                .sandboxFailed,
                "cannot start sandbox \"\(plan.sandbox)\": create a thread: \(String(cString: strerror(created)))")
        }
        return try outcome.take().get()
    }

    private static func launchOnThisThread(_ plan: SandboxPlan) -> Result<SandboxProcess, NemoClawError> {
        let memory = PlanMemory(plan)
        var sandbox = csandbox_sandbox()
        var failure = csandbox_failure()
        let result = withExtendedLifetime(memory) {
            var plan = memory.plan
            return csandbox_launch(&plan, &sandbox, &failure)
        }
        guard result == 0 else {
            let problem = LaunchProblem(sandbox: plan.sandbox, step: failure.step, errno: failure.error)
            return .failure(problem.error(settings: .read()))
        }
        let count = Int(sandbox.listener_count)
        let descriptors = withUnsafeBytes(of: sandbox.listeners) { Array($0.bindMemory(to: CInt.self).prefix(count)) }
        guard let listeners = SandboxListeners(descriptors) else {
            discard(sandbox, descriptors)
            return .failure(
                NemoClawError(
                    .sandboxFailed, "cannot start sandbox \"\(plan.sandbox)\": the plan has \(count) listeners, not 7"))
        }
        // The socket never blocks a thread of Swift's pool; its reader waits in poll.
        let flags = fcntl(sandbox.init_socket, F_GETFL)
        _ = fcntl(sandbox.init_socket, F_SETFL, flags | O_NONBLOCK)
        return .success(
            SandboxProcess(
                pid: sandbox.pid, pidfd: sandbox.pidfd, listeners: listeners, initSocket: sandbox.init_socket))
    }

    private static func discard(_ sandbox: csandbox_sandbox, _ listeners: [CInt]) {
        var kind: CInt = 0
        var value: CInt = 0
        _ = csandbox_pidfd_send_signal(sandbox.pidfd, SIGKILL)
        _ = csandbox_pidfd_wait(sandbox.pidfd, -1, &kind, &value)
        for descriptor in listeners + [sandbox.pidfd, sandbox.init_socket] { close(descriptor) }
    }
}

/// Carries the result from the launching thread to the one that waits for it.
private final class LaunchOutcome: @unchecked Sendable {
    // Unchecked: `result` is written before the semaphore is posted and read after it was taken.
    private let ready = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private var result: Result<SandboxProcess, NemoClawError>?

    init() { sem_init(ready, 0, 0) }

    deinit {
        sem_destroy(ready)
        ready.deallocate()
    }

    func put(_ result: Result<SandboxProcess, NemoClawError>) {
        self.result = result
        sem_post(ready)
    }

    func take() -> Result<SandboxProcess, NemoClawError> {
        while sem_wait(ready) != 0 {}  // EINTR
        return result ?? .failure(NemoClawError(.internalError, "cannot start the sandbox: no result"))
    }
}
