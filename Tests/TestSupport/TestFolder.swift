import FoundationEssentials
import Glibc
public import SystemPackage

/// A scratch folder under the system's temporary one, removed when the test's scope ends.
public enum TestFolder {
    /// Runs `body` with a fresh folder and removes it after.
    public static func with<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        var template = Array("/tmp/nemoclaw-test-XXXXXX".utf8CString)
        guard let pointer = mkdtemp(&template) else { throw Errno(rawValue: errno) }
        let path = String(cString: pointer)
        defer { try? FileManager.default.removeItem(atPath: path) }  // try?: a leftover scratch folder fails no promise
        return try await body(FilePath(path))
    }
}
