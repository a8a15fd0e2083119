import Glibc
import Shared

/// What must hold on this host before anything is made. Reads and asks; changes nothing but our own empty folders.
struct Preflight {
    struct Finding: Equatable {
        enum Kind { case good, warning, bad }

        let kind: Kind
        let text: String
        var hint: String?
    }

    let context: Context
    /// Reads a file of `/proc/sys`; passed in so that tests can.
    var readSwitch: (String) -> String? = { SmallFile.read($0) }

    func run(gatewayRuns: Bool, port: UInt16?) throws -> [Finding] {
        var findings = userNamespaces()
        for folder in [context.folders.state, context.folders.run] {
            do {
                try Folder.make(folder)
                findings.append(Finding(kind: .good, text: "Folder \(folder) is writable"))
            } catch let error as NemoClawError {
                findings.append(
                    Finding(kind: .bad, text: error.message, hint: "Make it writable, or set NEMOCLAW_HOME"))
            }
        }
        return findings + ports(gatewayRuns: gatewayRuns, wanted: port)
    }

    func userNamespaces() -> [Finding] {
        func number(_ path: String) -> Int? {
            readSwitch(path).flatMap { Int($0.filter { !$0.isWhitespace }) }
        }
        if number("/proc/sys/user/max_user_namespaces") == 0 {
            return [
                Finding(
                    kind: .bad, text: "user namespaces are switched off",
                    hint: "Run `sudo sysctl -w user.max_user_namespaces=28633`")
            ]
        }
        if context.user != 0, number("/proc/sys/kernel/unprivileged_userns_clone") == 0 {
            return [
                Finding(
                    kind: .bad, text: "user namespaces are only for root",
                    hint: "Run `sudo sysctl -w kernel.unprivileged_userns_clone=1`")
            ]
        }
        if context.user != 0, number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 {
            return [
                Finding(
                    kind: .warning, text: "AppArmor restricts user namespaces for programs without a profile",
                    hint: "If step 6 fails: `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`")
            ]
        }
        return [Finding(kind: .good, text: "User namespaces are available")]
    }

    private func ports(gatewayRuns: Bool, wanted: UInt16?) -> [Finding] {
        var findings: [Finding] = []
        let gateway = context.variable("NEMOCLAW_GATEWAY_PORT").flatMap { UInt16($0) } ?? 8080
        if gatewayRuns {
            findings.append(Finding(kind: .good, text: "Gateway is already running"))
        } else if PortCheck.isFree(gateway) {
            findings.append(Finding(kind: .good, text: "Port \(gateway) available (NemoClaw gateway)"))
        } else {
            findings.append(
                Finding(
                    kind: .bad, text: "port \(gateway) is in use\(PortCheck.owner(gateway)); the gateway needs it",
                    hint: "Stop that program, or set NEMOCLAW_GATEWAY_PORT to a free port"))
        }
        guard let wanted else { return findings }
        if PortCheck.isFree(wanted) {
            findings.append(Finding(kind: .good, text: "Port \(wanted) available (sandbox)"))
        } else {
            findings.append(
                Finding(
                    kind: .bad, text: "port \(wanted) is in use\(PortCheck.owner(wanted))",
                    hint: "Choose another --control-ui-port, or leave it out"))
        }
        return findings
    }
}
