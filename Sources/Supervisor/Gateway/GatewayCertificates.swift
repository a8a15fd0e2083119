import Crypto
import FoundationEssentials
import NIOSSL
import Shared
import SwiftASN1
import X509

/// The gateway's CA and leaf. Made once, then used for ever: onboarding a sandbox never touches them.
struct GatewayCertificates: Sendable {
    /// The one name that the leaf covers and the CA may sign for.
    static let serverName = "inference.local"
    static let caLifetime: TimeInterval = 3653 * 86_400
    static let leafLifetime: TimeInterval = 90 * 86_400

    let caPEM: String
    let leafPEM: String
    /// Lower-case hex.
    let leafSerial: String
    let notAfter: Date
    private let leafNotBefore: Date
    private let leafKeyPEM: Secret<String>

    /// Reads `ca.pem`, `ca.key`, `inference.pem`, `inference.key`, makes all four when there is none, and renews the
    /// leaf when two thirds of its life are over.
    /// - Throws: `state_corrupt` naming the file that is missing, damaged or readable for others; nothing is replaced.
    static func loadOrCreate(folder: String, now: Date) throws(NemoClawError) -> GatewayCertificates {
        let files = CertificateFiles(folder: folder)
        if try files.areAbsent() { return try create(files, now: now) }
        let ca = try CertificatePair(files, "ca.pem", "ca.key")
        let leaf = try CertificatePair(files, "inference.pem", "inference.key")
        guard ca.certificate.notValidAfter > now else {
            throw files.damaged("ca.pem", "has expired")
        }
        guard ca.certificate.publicKey.isValidSignature(leaf.certificate.signature, for: leaf.certificate) else {
            throw files.damaged("inference.pem", "was not signed by ca.pem")
        }
        let present = GatewayCertificates(ca: ca, leaf: leaf)
        guard present.needsRenewal(at: now) else { return present }
        let renewed = try CertificatePair.leaf(of: ca, key: leaf.key, now: now)
        try files.replace("inference.pem", with: renewed.certificatePEM)
        return GatewayCertificates(ca: ca, leaf: renewed)
    }

    /// Whether two thirds of the leaf's life are over; `loadOrCreate` then makes a new one with the same CA and key.
    func needsRenewal(at now: Date) -> Bool {
        let life = notAfter.timeIntervalSince(leafNotBefore)
        return now.timeIntervalSince(leafNotBefore) >= life * 2 / 3
    }

    /// HTTP/1.1 over TLS 1.2 or later, with the leaf.
    func tlsConfiguration() throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(leafPEM.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: Array(leafKeyPEM.reveal().utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = GatewayLimits.linger
        return configuration
    }

    private static func create(_ files: CertificateFiles, now: Date) throws(NemoClawError) -> GatewayCertificates {
        let ca = try CertificatePair.authority(now: now)
        let leaf = try CertificatePair.leaf(of: ca, key: P256.Signing.PrivateKey(), now: now)
        try files.createAll([
            ("ca.pem", ca.certificatePEM), ("ca.key", ca.key.pemRepresentation + "\n"),
            ("inference.pem", leaf.certificatePEM), ("inference.key", leaf.key.pemRepresentation + "\n"),
        ])
        return GatewayCertificates(ca: ca, leaf: leaf)
    }

    private init(ca: CertificatePair, leaf: CertificatePair) {
        caPEM = ca.certificatePEM
        leafPEM = leaf.certificatePEM
        leafSerial = leaf.certificate.serialNumber.bytes.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        notAfter = leaf.certificate.notValidAfter
        leafNotBefore = leaf.certificate.notValidBefore
        leafKeyPEM = Secret(leaf.key.pemRepresentation)
    }
}
