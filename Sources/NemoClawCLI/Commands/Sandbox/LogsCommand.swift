import ArgumentParser
import Shared

struct LogsCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Show a sandbox's log.")
    @OptionGroup var sandbox: SandboxArgument
    @Option(name: [.long, .customShort("n")], help: "Lines from the end, at most 10000.") var tail = 200
    @Flag(name: [.long, .customShort("f")], help: "Go on showing new lines until Ctrl-C.") var follow = false
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    /// New lines are asked for this often.
    private static let followMilliseconds = 500
    /// Lines looked at a time while following; more in one interval and some are missed, which is said.
    private static let followWindow = 2000

    private struct Answer: Codable {
        let lines: [String]
    }

    func validate() throws {
        guard (0...10_000).contains(tail) else { throw ValidationError("--tail must be between 0 and 10000") }
    }

    func execute(_ context: Context) throws -> Int32 {
        let interrupts = follow ? Interrupts() : nil
        let client = context.client(interrupts)
        let name = try client.resolve(sandbox.name)
        func fetch(_ count: Int) throws -> [String] {
            try client.call("GET", "/v1/sandboxes/\(name)/logs?tail=\(count)", as: Answer.self).lines
        }
        guard follow else {
            let lines = try fetch(tail)
            if output.json {
                try context.console.json(Answer(lines: lines))
            } else {
                for line in lines { context.console.result(Printable.line(line, limit: 65_536)) }
            }
            return 0
        }
        var seen = try fetch(max(tail, Self.followWindow))
        try show(seen.suffix(tail), context.console)
        while true {
            try Wait.pause(milliseconds: Self.followMilliseconds, interrupts: interrupts)
            let now = try fetch(Self.followWindow)
            let new = LogTail.newLines(before: seen, now: now)
            if new.count == now.count && !seen.isEmpty && !now.isEmpty {
                context.console.note("(lines may be missing)")
            }
            try show(new, context.console)
            seen = now
        }
    }

    private func show(_ lines: ArraySlice<String>, _ console: Console) throws {
        for line in lines {
            if output.json {
                console.result(String(decoding: try JSONCoding.encode(["line": line]), as: UTF8.self))
            } else {
                console.result(Printable.line(line, limit: 65_536))
            }
        }
    }
}

/// What two looks at the end of the same log have not in common.
enum LogTail {
    /// The lines of `now` after the longest end of `before` that `now` begins with.
    static func newLines(before: [String], now: [String]) -> ArraySlice<String> {
        var overlap = min(before.count, now.count)
        while overlap > 0 {
            if before.suffix(overlap).elementsEqual(now.prefix(overlap)) { return now[overlap...] }
            overlap -= 1
        }
        return now[...]
    }
}
