import NIOPosix
import Shared
import SystemPackage

@testable import OpenClaw

/// A command's surroundings in a test: a home, captured output, a way to stop.
struct Scene: Sendable {
    let environment: CommandEnvironment
    let results = Log<[UInt8]>()
    let notes = Log<[UInt8]>()
    let stop = StopRequest()

    init(home: FilePath, group: MultiThreadedEventLoopGroup, gateway: Int = 1, model: Int = 1) throws {
        let variables = [
            "HOME": home.string, "OPENCLAW_GATEWAY_URL": "ws://127.0.0.1:\(gateway)",
            "OPENCLAW_GATEWAY_TOKEN": "shared", "NEMOCLAW_INFERENCE_URL": "http://127.0.0.1:\(model)/v1",
        ]
        let (results, notes) = (results, notes)
        environment = CommandEnvironment(
            variables: variables, folders: try OpenClawFolders(environment: variables),
            output: CommandOutput(result: { results.add($0) }, notes: { notes.add($0) }, isTerminal: false), stop: stop,
            group: group)
    }

    var stdout: String { String(decoding: results.all.joined(), as: UTF8.self) }
    var stderr: String { String(decoding: notes.all.joined(), as: UTF8.self) }

    func turn(json: Bool = false) throws -> AgentTurn {
        let selection = try SessionSelection.resolve(
            agent: "main", sessionId: "debug", sessionKey: nil, to: nil, configuration: environment.configuration(),
            folders: environment.folders)
        return AgentTurn(message: "hi", selection: selection, to: nil, timeoutSeconds: 60, json: json)
    }

    /// `openclaw agent`, and its exit code.
    func agent(json: Bool = false, patience: Duration = .zero, local: Bool = false) async -> Int32 {
        await CommandRunner.perform(environment, json: json) { environment in
            let turn = try turn(json: json)
            if local { return try await LocalTurn(environment: environment, turn: turn).run() }
            var connector = try environment.connector(try environment.configuration())
            connector.patience = patience
            connector.backoff = [.milliseconds(1)]
            return try await GatewayTurn(environment: environment, turn: turn, connector: connector).run()
        }
    }
}
