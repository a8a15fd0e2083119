import Glibc
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Shared

/// The control API on `control.sock`.
struct ControlServer: Service {
    /// An open connection that asks nothing.
    static let idleLimit = TimeAmount.seconds(60)
    /// People and scripts of one host.
    static let maximumConnections = 256

    let path: String
    let responder: ControlResponder
    let group: any EventLoopGroup
    let logger: Logger
    /// Called when the socket accepts.
    let ready: @Sendable () async -> Void

    func run() async throws {
        let temporary = try UnixListener.temporaryPath(for: path)
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: Self.idleLimit)),
            configuration: .init(
                address: .unixDomainSocket(path: temporary),
                availableConnectionsDelegate: .maximum(Self.maximumConnections, logger: logger)),
            onServerRunning: { _ in
                do throws(NemoClawError) {
                    try UnixListener.publish(temporary, as: path, mode: 0o660, group: nil)
                    await ready()
                } catch {
                    logger.critical("control socket cannot be published", metadata: ["error": "\(error.message)"])
                    kill(getpid(), SIGTERM)  // nothing to control: end like for any signal
                }
            },
            eventLoopGroupProvider: .shared(group), logger: logger)
        // Its server alone: the signals belong to our own group of services.
        try await application.run()
    }
}
