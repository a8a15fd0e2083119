import CSandbox
import Glibc
import Shared

/// Turns a failed step of a launch into an error with a hint that helps.
struct LaunchProblem: Sendable, Equatable {
    /// What the kernel says about user namespaces; nil where it has no such setting.
    struct Settings: Sendable, Equatable {
        var maximum: Int?
        var unprivilegedClone: Int?
        var appArmorRestriction: Int?

        static func read() -> Settings {
            Settings(
                maximum: number("/proc/sys/user/max_user_namespaces"),
                unprivilegedClone: number("/proc/sys/kernel/unprivileged_userns_clone"),
                appArmorRestriction: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"))
        }

        private static func number(_ path: String) -> Int? {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return nil }
            return Int(String(decoding: bytes[..<count].prefix { $0 > 0x20 }, as: UTF8.self))
        }
    }

    var sandbox: SandboxName
    var step: Int32
    var errno: Int32

    func error(settings: Settings) -> NemoClawError {
        let cause = String(cString: strerror(errno)).lowercased()
        let name = String(cString: csandbox_step_name(step))
        let message = "cannot start sandbox \"\(sandbox)\": \(name): \(cause)"
        guard namespacesRefused else { return NemoClawError(.sandboxFailed, message) }
        return NemoClawError(.userNamespacesDisabled, message, hint: Self.hint(settings, errno: errno))
    }

    /// The steps that fail when an ordinary user may not have a user namespace, or gets one without rights (AppArmor).
    private var namespacesRefused: Bool {
        let refusals = [ENOSPC, EPERM, EACCES, EUSERS]
        let steps = [
            CSANDBOX_STEP_CLONE, CSANDBOX_STEP_SETGROUPS_DENY, CSANDBOX_STEP_UID_MAP, CSANDBOX_STEP_GID_MAP,
            CSANDBOX_STEP_LOOPBACK, CSANDBOX_STEP_MOUNT_PRIVATE,
        ]
        return refusals.contains(errno) && steps.contains { Int32(bitPattern: $0.rawValue) == step }
    }

    private static func hint(_ settings: Settings, errno: Int32) -> String {
        if settings.unprivilegedClone == 0 {
            return "Run: sysctl -w kernel.unprivileged_userns_clone=1"
        }
        if settings.maximum == 0 || (errno == ENOSPC && settings.maximum != nil) {
            return "Run: sysctl -w user.max_user_namespaces=65536"
        }
        if let restriction = settings.appArmorRestriction, restriction > 0 {
            return "Run: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (or load our AppArmor profile)"
        }
        return "Allow user namespaces to this user; in a container run it with --security-opt seccomp=unconfined"
    }
}
