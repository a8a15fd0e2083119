import FoundationEssentials
import Glibc
import SystemPackage
import Testing

/// Descriptors for tests. Nothing that we start inherits them: every child closes what it was not given.
enum Scratch {
    /// `/tmp`, or where that is root's alone, `/var/tmp`: some of these tests run as another user.
    private static var base: String { access("/tmp", W_OK) == 0 ? "/tmp" : "/var/tmp" }

    /// Runs `body` with a fresh folder of this user's and removes it after.
    static func withFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        var template = Array("\(base)/nemoclaw-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: path) }  // try?: a leftover scratch folder fails no promise
        return try await body(FilePath(path))
    }

    static func pipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    /// An empty file without a name.
    static func file() throws -> CInt {
        var template = Array("\(base)/nemoclaw-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        unlink(&template)
        return descriptor
    }
}
