import ArgumentParser
import Shared

/// A command that gets its surroundings handed in.
protocol ContextCommand: ParsableCommand {
    /// - Returns: the exit code.
    func execute(_ context: Context) throws -> Int32
    /// Errors are JSON as well.
    var wantsJSON: Bool { get }
}

/// `--json`, the same everywhere.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON.")
    var json = false
}
