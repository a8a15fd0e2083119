import Glibc
import Testing

/// Descriptors for tests. Nothing that we start inherits them: every child closes what it was not given.
enum Scratch {
    static func pipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    /// An empty file without a name.
    static func file() throws -> CInt {
        var template = Array("/tmp/nemoclaw-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        unlink(&template)
        return descriptor
    }
}
