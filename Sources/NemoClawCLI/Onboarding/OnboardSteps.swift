import Shared

/// Prints the eight numbered steps with their times.
struct OnboardSteps {
    static let titles = [
        "Preflight checks", "Starting NemoClaw gateway", "Configuring inference", "Setting up inference provider",
        "Messaging channels", "Creating sandbox", "Setting up OpenClaw inside sandbox", "Policy presets",
    ]

    let descriptor: Int32

    func say(_ line: String) { Console.write(line + "\n", to: descriptor) }

    /// Runs step `number` (1 first) between its title and its time.
    func run<Result>(_ number: Int, _ body: () throws -> Result) rethrows -> Result {
        say("  [\(number)/\(Self.titles.count)] \(Self.titles[number - 1])")
        let start = MonotonicClock.now()
        let result = try body()
        say("  (\((MonotonicClock.now() - start) / 1_000_000) ms)")
        return result
    }
}
