import Glibc
import Shared
import SystemPackage

/// Results go to stdout, everything else to stderr.
struct CommandOutput: Sendable {
    /// Writes all bytes. Throws `EventSinkClosed` when nobody reads.
    let result: @Sendable ([UInt8]) throws -> Void
    let notes: @Sendable ([UInt8]) -> Void
    /// stdout is a terminal: text of others must not steer it.
    let isTerminal: Bool

    static let standard = CommandOutput(
        result: { bytes in
            do {
                try FileDescriptor.standardOutput.writeAll(bytes)
            } catch {
                throw EventSinkClosed()
            }
        },
        notes: { bytes in
            _ = try? FileDescriptor.standardError.writeAll(bytes)  // try?: a closed stderr loses only words
        }, isTerminal: isatty(STDOUT_FILENO) == 1)

    func print(_ text: String) throws {
        try write(text + "\n")
    }

    /// Text as it is, without a line end.
    func write(_ text: String) throws {
        try result(Array((isTerminal ? PrintableText.terminal(text) : text).utf8))
    }

    /// JSON, pretty.
    func print(_ value: JSONValue) throws {
        try result(try JSONCoding.encode(value, pretty: true) + [0x0a])
    }

    /// Lines on stderr.
    func note(_ text: String) {
        notes(Array((PrintableText.terminal(text) + "\n").utf8))
    }

    func report(_ error: NemoClawError) {
        note("openclaw: \(error.message)" + (error.hint.map { "\n\($0)" } ?? ""))
    }
}
