import Glibc
import Logging
import Shared

/// What the environment says, checked.
struct SupervisorConfiguration: Sendable {
    static let standardGatewayPort: UInt16 = 8_080

    let folders: Folders
    let programs: Programs
    let ports: PortRange
    let gatewayPort: UInt16
    let logLevel: Logger.Level
    /// Effective user.
    let user: UInt32

    init(environment: [String: String], user: UInt32) throws(NemoClawError) {
        self.user = user
        folders = try Folders(environment: environment, effectiveUser: user)
        programs = try Programs(environment: environment)
        ports = try PortRange(environment: environment)
        gatewayPort = try Self.gatewayPort(environment["NEMOCLAW_GATEWAY_PORT"])
        logLevel = environment["NEMOCLAW_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) } ?? .info
    }

    var paths: SandboxPaths { SandboxPaths(state: folders.state) }
    var certificateFolder: String { "\(folders.state)/tls" }

    private static func gatewayPort(_ text: String?) throws(NemoClawError) -> UInt16 {
        guard let text, !text.isEmpty else { return standardGatewayPort }
        guard let port = UInt16(text), port > 0 else {
            throw NemoClawError(
                .invalidArgument, "NEMOCLAW_GATEWAY_PORT is \"\(text.prefix(32))\", which is no port",
                hint: "Use a number from 1 to 65535")
        }
        return port
    }
}
