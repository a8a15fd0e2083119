import Glibc
import Shared

/// Questions on a terminal. Ctrl-C throws `Interrupted`, and echo is on again.
struct Prompt {
    let console: Console
    let interrupts: Interrupts?

    /// Longest answer in bytes; longer than any key or path.
    static let maximumLine = 8192

    /// An answer, or `fallback` for an empty one. nil at the end of input.
    func ask(_ question: String, fallback: String? = nil) throws -> String? {
        Console.write("  \(question)\(fallback.map { " [\($0)]" } ?? ""): ", to: console.output)
        guard let line = try readLine() else { return nil }
        return line.isEmpty ? fallback : line
    }

    /// An answer that is not shown.
    func askSecret(_ question: String) throws -> Secret<String>? {
        // First, so that nothing typed at the sight of the question is shown.
        let mode = TerminalMode(console.input, .noEcho)
        Console.write("  \(question): ", to: console.output)
        defer {
            mode?.restore()
            Console.write("\n", to: console.output)
        }
        guard let line = try readLine(), !line.isEmpty else { return nil }
        return Secret(line)
    }

    /// Yes or no; the end of input is a no.
    func confirm(_ question: String) throws -> Bool {
        let answer = try ask("\(question) [y/N]")?.lowercased()
        return answer == "y" || answer == "yes"
    }

    /// One line, byte by byte: what follows it is for somebody else. nil at the end of input.
    func readLine() throws -> String? {
        var bytes: [UInt8] = []
        while bytes.count < Self.maximumLine {
            _ = try Wait.on(console.input, Int32(POLLIN), until: .never, interrupts: interrupts)
            var byte: UInt8 = 0
            let count = read(console.input, &byte, 1)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            if count <= 0 { return bytes.isEmpty ? nil : Self.text(bytes) }
            if byte == UInt8(ascii: "\n") { return Self.text(bytes) }
            bytes.append(byte)
        }
        throw NemoClawError(.invalidArgument, "the answer is longer than \(Self.maximumLine) bytes")
    }

    private static func text(_ bytes: [UInt8]) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
        let front = bytes.drop(while: isSpace)
        guard let last = front.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(decoding: front[...last], as: UTF8.self)
    }
}
