import NIOSSL
import Synchronization

/// TLS towards providers. The system's roots are read when the first `https` route is used.
final class UpstreamTLS: Sendable {
    private let roots: NIOSSLTrustRoots
    private let cached = Mutex<NIOSSLContext?>(nil)

    init(roots: NIOSSLTrustRoots = .default) {
        self.roots = roots
    }

    func context() throws -> NIOSSLContext {
        try cached.withLock { cached in
            if let cached { return cached }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            configuration.trustRoots = roots
            configuration.applicationProtocols = ["http/1.1"]
            let context = try NIOSSLContext(configuration: configuration)
            cached = context
            return context
        }
    }
}
