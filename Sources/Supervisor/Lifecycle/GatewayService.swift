import FoundationEssentials
import Logging
import ServiceLifecycle
import Shared

/// Keeps the gateway's host listener up and its certificate fresh.
struct GatewayService: Service {
    /// A foreign program may let go of the port.
    static let listenerRetry = Duration.seconds(5)
    static let renewalCheck = Duration.seconds(3_600)

    let gateway: Gateway
    let reporter: GatewayReporter
    let port: UInt16
    let certificateFolder: String
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            await listen()
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.renewalCheck)  // try?: cancelled is looked at above
                if !Task.isCancelled { renew() }
            }
        }
        await gateway.shutdown()
    }

    /// Sandboxes have listeners of their own: without this one only host programs miss the gateway.
    private func listen() async {
        var said = ""
        while !Task.isCancelled {
            do {
                try await gateway.startHostListener(port: port)
                reporter.hostListener(is: "running")
                logger.info("gateway listens for the host", metadata: ["gateway.port": "\(port)"])
                return
            } catch {
                let owner = error.code == .portInUse ? PortOwner.find(port: port) : nil
                let text = error.message + (owner.map { " by \($0.description)" } ?? "")
                reporter.hostListener(is: text)
                if text != said {
                    logger.warning("gateway does not listen for the host", metadata: ["reason": "\(text)"])
                }
                said = text
            }
            try? await Task.sleep(for: Self.listenerRetry)  // try?: cancelled is looked at above
        }
    }

    private func renew() {
        do {
            let fresh = try GatewayCertificates.loadOrCreate(folder: certificateFolder, now: Date())
            try gateway.use(certificates: fresh)
            reporter.use(fresh)
        } catch {
            logger.error("certificate cannot be renewed", metadata: ["error": "\(error)"])
        }
    }
}
