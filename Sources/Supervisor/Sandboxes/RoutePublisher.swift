import Crypto
import Logging
import Shared

/// Turns the registry into the gateway's routes. One actor, so that an older snapshot never replaces a newer one.
actor RoutePublisher {
    private let store: Store
    private let table: RouteTable
    private let credentials: CredentialFolder
    private let logger: Logger

    init(store: Store, table: RouteTable, credentials: CredentialFolder, logger: Logger) {
        self.store = store
        self.table = table
        self.credentials = credentials
        self.logger = logger
    }

    /// Reads all records again and replaces the gateway's snapshot.
    func publish() async throws(NemoClawError) {
        var snapshot = RouteSnapshot()
        for record in try await store.sandboxes() {
            do {
                snapshot.routes[record.name] = try route(of: record)
                // The gateway token too: it is the one an operator can print, and its holder is the sandbox's owner.
                for key in [record.sandboxKey, record.gatewayToken] {
                    snapshot.keys[Array(SHA256.hash(data: Array(key.reveal().utf8)))] = record.name
                }
            } catch {
                // One unusable record must not take the routes of the others.
                logger.error(
                    "sandbox has no usable route",
                    metadata: ["sandbox.name": "\(record.name)", "error.code": "\(error.code.rawValue)"])
            }
        }
        table.replace(snapshot)
    }

    nonisolated func route(of record: SandboxRecord) throws(NemoClawError) -> Route {
        let provider = try Provider.named(record.provider)
        return Route(
            provider: provider, baseURL: try UpstreamURL(record.endpoint), model: record.model,
            credential: provider.credentialVariable.flatMap { credentials.credential($0) })
    }
}
