import NIOSSL
import Shared

/// TLS for a client that trusts the certificates of one PEM file.
enum TrustedContext {
    static func make(trustFile: String) throws(NemoClawError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .file(trustFile)
            configuration.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw NemoClawError(
                .invalidArgument, "cannot read the trusted certificates in \"\(trustFile)\"",
                hint: "Set SSL_CERT_FILE to a PEM file, or unset it")
        }
    }
}
