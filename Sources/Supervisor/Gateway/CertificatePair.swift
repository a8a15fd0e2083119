import Crypto
import FoundationEssentials
import Shared
import SwiftASN1
import X509

/// A certificate with its private key.
struct CertificatePair {
    let certificate: Certificate
    let key: P256.Signing.PrivateKey
    let certificatePEM: String

    /// Reads both and checks that they belong together.
    init(_ files: CertificateFiles, _ certificateFile: String, _ keyFile: String) throws(NemoClawError) {
        let text = try files.read(certificateFile)
        let keyText = try files.read(keyFile)
        // try?: the parsers' own words would not help; which file it is does.
        guard let certificate = try? Certificate(pemEncoded: text) else {
            throw files.damaged(certificateFile, "is not a certificate")
        }
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: keyText) else {
            throw files.damaged(keyFile, "is not a P-256 private key")
        }
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw files.damaged(keyFile, "does not belong to \(certificateFile)")
        }
        self.certificate = certificate
        self.key = key
        certificatePEM = text
    }

    private init(certificate: Certificate, key: P256.Signing.PrivateKey) throws {
        self.certificate = certificate
        self.key = key
        certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
    }

    /// A new CA that may sign for the gateway's name and nothing else.
    static func authority(now: Date) throws(NemoClawError) -> CertificatePair {
        do {
            let key = P256.Signing.PrivateKey()
            let name = try DistinguishedName { CommonName("NemoClaw local CA") }
            let extensions = try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                Critical(
                    NameConstraints(
                        permittedDNSDomains: [GatewayCertificates.serverName],
                        // TLS would take an IP address from a SAN; the constraint on names does not cover those.
                        excludedIPRanges: [
                            ASN1OctetString(contentBytes: ArraySlice(repeatElement(0, count: 8))),
                            ASN1OctetString(contentBytes: ArraySlice(repeatElement(0, count: 32))),
                        ]))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            }
            return try CertificatePair(
                certificate: Certificate(
                    version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
                    notValidBefore: now - clockSkew, notValidAfter: now + GatewayCertificates.caLifetime, issuer: name,
                    subject: name, extensions: extensions, issuerPrivateKey: .init(key)),
                key: key)
        } catch {
            throw NemoClawError(.internalError, "cannot make the gateway's CA: \(error)")
        }
    }

    static func leaf(of ca: CertificatePair, key: P256.Signing.PrivateKey, now: Date) throws(NemoClawError)
        -> CertificatePair
    {
        do {
            let extensions = try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([.dnsName(GatewayCertificates.serverName)])
                AuthorityKeyIdentifier(
                    keyIdentifier: try ca.certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            }
            let notAfter = min(now + GatewayCertificates.leafLifetime, ca.certificate.notValidAfter)
            return try CertificatePair(
                certificate: Certificate(
                    version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
                    notValidBefore: now - clockSkew, notValidAfter: notAfter, issuer: ca.certificate.subject,
                    subject: try DistinguishedName { CommonName(GatewayCertificates.serverName) },
                    extensions: extensions, issuerPrivateKey: .init(ca.key)),
                key: key)
        } catch {
            throw NemoClawError(.internalError, "cannot make the gateway's leaf certificate: \(error)")
        }
    }

    /// Clients' clocks may be a little behind, as a virtual machine's after a pause.
    private static let clockSkew: TimeInterval = 3600
}
