import Glibc
import Shared

/// Where results and everything else go. Results: stdout. Everything else: stderr.
struct Console {
    let output: Int32
    let errors: Int32
    let input: Int32
    let colours: Bool

    init(output: Int32 = 1, errors: Int32 = 2, input: Int32 = 0, environment: [String: String]) {
        self.output = output
        self.errors = errors
        self.input = input
        colours = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb" && isatty(output) == 1
    }

    /// A question can be asked: somebody sees it and can answer.
    var isInteractive: Bool { isatty(input) == 1 && isatty(output) == 1 }

    func result(_ line: String) { Self.write(line + "\n", to: output) }

    func note(_ line: String) { Self.write(line + "\n", to: errors) }

    func json(_ value: some Encodable) throws {
        result(String(decoding: try JSONCoding.encode(value, pretty: true), as: UTF8.self))
    }

    /// Text in a colour (SGR number), when colours are wanted.
    func coloured(_ text: String, _ code: Int) -> String { colours ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }

    /// Writes all of it, or gives up: a reader that left is no failure of ours.
    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                start += count
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&entry, 1, 10_000) > 0 else { return }
            } else if errno != EINTR {
                return
            }
        }
    }
}

/// Text of others on a terminal: control characters could move the cursor or worse.
enum Printable {
    static func line(_ text: String, limit: Int = 512) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit) {
            let value = scalar.value
            // C0, DEL, C1, and the marks that reverse the direction of text.
            let isControl =
                value < 0x20 || (0x7f...0x9f).contains(value) || (0x202a...0x202e).contains(value)
                || (0x2066...0x2069).contains(value)
            result.append(isControl ? (value == 9 ? " " : "?") : scalar)
        }
        return String(result)
    }
}
