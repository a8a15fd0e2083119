import FoundationEssentials
import NIOCore
import NIOPosix
import Shared
import SystemPackage

/// What a command finds around it: variables, folders, configuration, output.
struct CommandEnvironment: Sendable {
    /// Signals of this process.
    static let stop = StopRequest()

    let variables: [String: String]
    let folders: OpenClawFolders
    let output: CommandOutput
    let stop: StopRequest
    /// One event loop thread.
    let group: MultiThreadedEventLoopGroup

    /// The real one of this process.
    static func ofProcess() throws(NemoClawError) -> CommandEnvironment {
        let variables = ProcessInfo.processInfo.environment
        return CommandEnvironment(
            variables: variables, folders: try OpenClawFolders(environment: variables), output: .standard, stop: stop,
            group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
    }

    func configuration() throws(NemoClawError) -> OpenClawConfiguration {
        try OpenClawConfiguration.load(folders.configuration)
    }

    func httpClient() throws(NemoClawError) -> HTTPClient {
        HTTPClient(
            group: group, endpoint: try InferenceEndpoint(environment: variables), environment: variables)
    }

    func connector(_ configuration: OpenClawConfiguration) throws(NemoClawError) -> GatewayConnector {
        GatewayConnector(
            group: group, target: try GatewayTarget.resolve(environment: variables, port: configuration.port),
            trustFile: try httpClient().trustFile,
            credentials: try GatewayCredentials(
                environment: variables, configuration: configuration, folders: folders),
            notice: { [output] in output.note($0) })
    }

    func agentLoop(emit: @escaping @Sendable (AgentRunEvent) throws -> Void) throws(NemoClawError) -> AgentLoop {
        AgentLoop(
            call: ModelCall(client: try httpClient()), folders: folders,
            cwd: folders.state.appending("workspace").string, emit: emit)
    }
}
