import Glibc
import Shared

/// The four files of the gateway's TLS material, written so that a crash leaves all of the old or all of the new.
struct CertificateFiles {
    static let names = ["ca.pem", "ca.key", "inference.pem", "inference.key"]
    /// Real ones have about 1 KiB.
    private static let maximumBytes = 64 * 1024

    let folder: String

    /// - Throws: `state_corrupt` when some but not all files are there.
    func areAbsent() throws(NemoClawError) -> Bool {
        let missing = Self.names.filter { access(path($0), F_OK) != 0 && errno == ENOENT }
        if missing.count == Self.names.count { return true }
        if let first = missing.first { throw damaged(first, "is missing") }
        return false
    }

    func read(_ name: String) throws(NemoClawError) -> String {
        let descriptor = open(path(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw damaged(name, "cannot be read: \(reason())") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw damaged(name, "is not a regular file")
        }
        guard status.st_mode & 0o077 == 0 else { throw damaged(name, "is open to other users") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw damaged(name, "cannot be read: \(reason())") }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= Self.maximumBytes else { throw damaged(name, "is too large") }
        }
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
            throw damaged(name, "is empty or not text")
        }
        return text
    }

    /// Writes all files into a new folder and puts that in place, so that they appear together.
    func createAll(_ files: [(name: String, text: String)]) throws(NemoClawError) {
        var template = Array("\(folder).new-XXXXXX".utf8CString)
        guard let pointer = mkdtemp(&template) else { throw failed("cannot create", "\(folder).new-XXXXXX") }
        let temporary = String(cString: pointer)
        do throws(NemoClawError) {
            for file in files { try write(file.text, to: "\(temporary)/\(file.name)") }
            try synchronise(temporary)
            // Works when the folder is not there or empty; anything else in it is not ours to replace.
            guard rename(temporary, folder) == 0 else { throw failed("cannot create", folder) }
            try synchronise(parent)
        } catch {
            for file in files { unlink("\(temporary)/\(file.name)") }
            rmdir(temporary)
            throw error
        }
    }

    func replace(_ name: String, with text: String) throws(NemoClawError) {
        let temporary = path("\(name).new")
        unlink(temporary)
        do throws(NemoClawError) {
            try write(text, to: temporary)
            guard rename(temporary, path(name)) == 0 else { throw failed("cannot replace", path(name)) }
            try synchronise(folder)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    func damaged(_ name: String, _ what: String) -> NemoClawError {
        NemoClawError(
            .stateCorrupt, "cannot use the gateway's TLS files: \"\(path(name))\" \(what)",
            hint:
                "Restore it from a backup, or make new ones, which every sandbox must be restarted for: rm -r \(folder)"
        )
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    private var parent: String {
        guard let slash = folder.lastIndex(of: "/"), slash > folder.startIndex else { return "/" }
        return String(folder[..<slash])
    }

    private func write(_ text: String, to path: String) throws(NemoClawError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failed("cannot write", path) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failed("cannot write", path) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw failed("cannot write", path) }
    }

    private func synchronise(_ folder: String) throws(NemoClawError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed("cannot open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failed("cannot write", folder) }
    }

    private func failed(_ what: String, _ path: String) -> NemoClawError {
        NemoClawError(errno == ENOSPC ? .diskFull : .internalError, "\(what) \"\(path)\": \(reason())")
    }

    private func reason() -> String { String(cString: strerror(errno)) }
}
