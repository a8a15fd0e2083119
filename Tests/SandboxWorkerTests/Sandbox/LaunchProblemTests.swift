import CSandbox
import Glibc
import Shared
import Testing

@testable import SandboxWorker

@Suite struct LaunchProblemTests {
    private func problem(_ step: csandbox_step, _ error: Int32) throws -> LaunchProblem {
        LaunchProblem(sandbox: try SandboxName("a"), step: Int32(step.rawValue), errno: error)
    }

    @Test(arguments: [
        (LaunchProblem.Settings(maximum: 0), ENOSPC, "user.max_user_namespaces=65536"),
        (LaunchProblem.Settings(maximum: 1), ENOSPC, "user.max_user_namespaces=65536"),
        (LaunchProblem.Settings(maximum: 9, unprivilegedClone: 0), EPERM, "kernel.unprivileged_userns_clone=1"),
        (
            LaunchProblem.Settings(maximum: 9, appArmorRestriction: 1), EACCES,
            "kernel.apparmor_restrict_unprivileged_userns=0"
        ),
        (LaunchProblem.Settings(maximum: 9), EPERM, "seccomp=unconfined"),
    ])
    func `refused user namespaces name the setting`(
        settings: LaunchProblem.Settings, errno: Int32, setting: String
    ) throws {
        for step in [CSANDBOX_STEP_CLONE, CSANDBOX_STEP_UID_MAP, CSANDBOX_STEP_LOOPBACK] {
            let error = try problem(step, errno).error(settings: settings)
            #expect(error.code == .userNamespacesDisabled)
            #expect(error.hint?.contains(setting) == true)
        }
    }

    @Test func `other failures are what they are`() throws {
        let settings = LaunchProblem.Settings(maximum: 0, unprivilegedClone: 0, appArmorRestriction: 1)
        #expect(
            try problem(CSANDBOX_STEP_BIND_SOURCE, EACCES).error(settings: settings)
                == NemoClawError(.sandboxFailed, "cannot start sandbox \"a\": open a bind source: permission denied"))
        #expect(try problem(CSANDBOX_STEP_CLONE, EAGAIN).error(settings: settings).code == .sandboxFailed)
    }
}
