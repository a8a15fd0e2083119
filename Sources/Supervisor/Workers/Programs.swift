import Glibc
import Shared

/// Where our own programs lie: beside this one, or in `NEMOCLAW_LIBEXEC`.
struct Programs: Sendable {
    let folder: String

    init(folder: String) {
        self.folder = folder
    }

    init(environment: [String: String]) throws(NemoClawError) {
        if let folder = environment["NEMOCLAW_LIBEXEC"], folder.hasPrefix("/") {
            self.init(folder: folder)
            return
        }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard count > 0, count < buffer.count, let slash = path.lastIndex(of: "/") else {
            throw .system("cannot find our own program", errno)
        }
        self.init(folder: String(path[..<slash]))
    }

    var worker: String { "\(folder)/nemoclaw-sandbox-worker" }
    var initProgram: String { "\(folder)/nemoclaw-init" }
    var agent: String { "\(folder)/openclaw" }
}
