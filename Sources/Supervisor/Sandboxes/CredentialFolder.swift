import Glibc
import Shared

/// Provider keys as files: `STATE/credentials/<VARIABLE>`, readable by the supervisor's user only.
struct CredentialFolder: Sendable {
    /// Keys are tens to hundreds of bytes; some tokens are a few kilobytes.
    static let maximumLength = 16_384

    let path: String

    init(state: String) {
        path = "\(state)/credentials"
    }

    func credential(_ variable: String) -> Secret<String>? {
        guard let bytes = SmallFile.read(file(variable), limit: Self.maximumLength), !bytes.isEmpty else { return nil }
        return Secret(String(decoding: bytes, as: UTF8.self))
    }

    func store(_ credential: Secret<String>, as variable: String) throws(NemoClawError) {
        if mkdir(path, 0o700) != 0 && errno != EEXIST { throw .system("cannot create \"\(path)\"", errno) }
        try SmallFile.write(file(variable), Array(credential.reveal().utf8))
    }

    /// Puts back what was there before `store`.
    func restore(_ previous: Secret<String>?, as variable: String) throws(NemoClawError) {
        if let previous {
            try store(previous, as: variable)
        } else if unlink(file(variable)) != 0 && errno != ENOENT {
            throw .system("cannot remove the credential \(variable)", errno)
        }
    }

    /// - Throws: `invalid_argument` for a key that no provider can have issued.
    static func check(_ text: String, for variable: String) throws(NemoClawError) -> Secret<String> {
        guard !text.isEmpty, text.utf8.count <= maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw NemoClawError(
                .invalidArgument, "the value of \(variable) is not a key: it is empty, too long or has odd characters",
                hint: "Copy the key again, without spaces or line ends")
        }
        return Secret(text)
    }

    private func file(_ variable: String) -> String { "\(path)/\(variable)" }
}
