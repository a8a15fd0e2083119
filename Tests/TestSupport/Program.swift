import Foundation
import Synchronization

/// How a program ended and what it wrote.
public struct ProgramResult: Sendable {
    public let status: Int32
    public let output: String
    public let errors: String
}

/// A child process of a test. Its output is collected line by line; it is killed when its time is up.
public final class Program: Sendable {
    private struct State {
        var output = ""
        var errors = ""
        var open = 2
        var status: Int32?
        var generation = 0
        var waiters: [@Sendable (Program) -> Bool] = []
    }

    private let state = Mutex(State())
    private let process: Process
    private let input: Pipe

    public var pid: Int32 { process.processIdentifier }
    public var output: String { state.withLock { $0.output } }
    public var errors: String { state.withLock { $0.errors } }

    /// Starts `path` with exactly this environment.
    public init(_ path: String, _ arguments: [String], environment: [String: String], directory: String = "/") throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let output = Pipe()
        let errors = Pipe()
        input = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = input
        self.process = process
        process.terminationHandler = { [weak self] ended in
            let status = ended.terminationReason == .exit ? ended.terminationStatus : 128 + ended.terminationStatus
            self?.update { $0.status = status }
        }
        collect(output.fileHandleForReading) { $0.output += $1 }
        collect(errors.fileHandleForReading) { $0.errors += $1 }
        try process.run()
    }

    /// Writes to the program's standard input.
    public func write(_ text: String) {
        input.fileHandleForWriting.write(Data(text.utf8))
    }

    public func closeInput() {
        input.fileHandleForWriting.closeFile()
    }

    public func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    /// Waits until `condition` holds, looking again whenever output arrives or the program ends.
    /// - Throws: `TestTimeout` with what the program said so far.
    public func wait(seconds: Int = 60, _ what: String, until condition: @escaping @Sendable (Program) -> Bool)
        async throws
    {
        if condition(self) { return }
        let outcome = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                    self.update { state in
                        state.waiters.append { program in
                            guard condition(program) || program.isGivenUp else { return false }
                            continuation.resume()
                            return true
                        }
                    }
                }
                return condition(self)
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))  // try?: cancelled when the condition came first
                if !Task.isCancelled { self.giveUp() }
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        guard outcome || condition(self) else { throw TestTimeout(what: what, output: output, errors: errors) }
    }

    /// Waits for the end and returns what was written.
    public func result(seconds: Int = 60) async throws -> ProgramResult {
        closeInput()
        do {
            try await wait(seconds: seconds, "the end of \(process.executableURL?.lastPathComponent ?? "")") {
                $0.isDone
            }
        } catch {
            signal(SIGKILL)
            throw error
        }
        return ProgramResult(status: state.withLock { $0.status ?? -1 }, output: output, errors: errors)
    }

    public var isDone: Bool { state.withLock { $0.status != nil && $0.open == 0 } }
    public var hasExited: Bool { state.withLock { $0.status != nil } }

    private let givenUp = Mutex(false)
    private var isGivenUp: Bool { givenUp.withLock { $0 } }

    private func giveUp() {
        givenUp.withLock { $0 = true }
        update { _ in }
        givenUp.withLock { $0 = false }
    }

    private func collect(_ handle: FileHandle, _ add: @escaping @Sendable (inout State, String) -> Void) {
        handle.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.update { state in
                if data.isEmpty { state.open -= 1 } else { add(&state, String(decoding: data, as: UTF8.self)) }
            }
        }
    }

    /// Changes the state, then lets every waiter look. A change that comes while waiters look makes them look again.
    private func update(_ change: (inout State) -> Void) {
        state.withLock {
            change(&$0)
            $0.generation += 1
        }
        while true {
            let (waiters, generation) = state.withLock { state -> ([@Sendable (Program) -> Bool], Int) in
                let waiting = state.waiters
                state.waiters = []
                return (waiting, state.generation)
            }
            let remaining = waiters.filter { !$0(self) }
            let settled = state.withLock { state in
                state.waiters.append(contentsOf: remaining)
                return state.generation == generation
            }
            if settled { return }
        }
    }
}

/// A wait that ended without what it waited for.
public struct TestTimeout: Error, CustomStringConvertible {
    let what: String
    let output: String
    let errors: String

    public var description: String {
        "timed out waiting for \(what)\n--- stdout\n\(output.suffix(4000))\n--- stderr\n\(errors.suffix(4000))"
    }
}
