import Glibc
import Shared

/// Where `nemoclaw-supervisor` lies.
enum SupervisorProgram {
    static let name = "nemoclaw-supervisor"

    static func find(_ context: Context) throws(NemoClawError) -> String {
        let own = context.executable.lastIndex(of: "/").map { String(context.executable[..<$0]) } ?? "."
        // An operator's word wins; then the file beside this one; then where packages put it.
        let folders = [context.variable("NEMOCLAW_LIBEXEC"), own, "\(own)/../libexec/nemoclaw"].compactMap { $0 }
        for folder in folders {
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw NemoClawError(
            .notFound, "cannot find \"\(name)\" in \(folders.map { "\"\($0)\"" }.joined(separator: ", "))",
            hint: "Set NEMOCLAW_LIBEXEC to the folder it lies in")
    }
}
