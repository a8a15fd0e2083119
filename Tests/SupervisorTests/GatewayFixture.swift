import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Shared
import SystemPackage
import TestSupport

@testable import Supervisor

/// A gateway with one sandbox "alpha" behind a real listener, and a provider of the test's making.
struct GatewayFixture {
    static let credential = "provider-key-123"
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    let folder: String
    let gateway: Gateway
    let routes: RouteTable
    let certificates: GatewayCertificates
    let upstream: GatewayStubUpstream
    let sandbox: SandboxName
    let port: Int
    let clientTLS: NIOSSLContext

    static func with(
        waitsForBody: Bool = true, _ body: (GatewayFixture) async throws -> Void
    ) async throws {
        try await TestFolder.with { path in
            let certificates = try GatewayCertificates.loadOrCreate(folder: "\(path)/tls", now: Date())
            let routes = RouteTable()
            let gateway = try Gateway(
                group: group, certificates: certificates, routes: routes,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let upstream = try await GatewayStubUpstream(group: group, waitsForBody: waitsForBody)
            let (descriptor, port) = try listener()
            let sandbox = try SandboxName("alpha")
            try await gateway.attach(listener: descriptor, sandbox: sandbox)
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificates.caPEM.utf8)))
            let fixture = GatewayFixture(
                folder: "\(path)", gateway: gateway, routes: routes, certificates: certificates, upstream: upstream,
                sandbox: sandbox, port: port, clientTLS: try NIOSSLContext(configuration: configuration))
            try fixture.setRoute()
            do {
                try await body(fixture)
            } catch {
                await gateway.shutdown()
                throw error
            }
            await gateway.shutdown()
        }
    }

    func setRoute(
        _ provider: String = "openai", model: String = "real-model", port: Int? = nil, path: String = "/v1",
        credential: String? = credential, timeouts: RouteTimeouts = RouteTimeouts(),
        keys: [[UInt8]: SandboxName] = [:]
    ) throws {
        let route = Route(
            provider: try Provider.named(provider),
            baseURL: try UpstreamURL("http://127.0.0.1:\(port ?? upstream.port)\(path)"), model: model,
            credential: credential.map { Secret($0) }, timeouts: timeouts)
        routes.replace(RouteSnapshot(routes: [sandbox: route], keys: keys))
    }

    func client(port: Int? = nil) async throws -> GatewayTestClient {
        try await GatewayTestClient(group: Self.group, port: port ?? self.port, tls: clientTLS)
    }

    /// A listening socket, as a worker hands it over.
    static func listener() throws -> (descriptor: CInt, port: Int) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(descriptor, pointer, length) == 0, listen(descriptor, 16) == 0 else { return CInt(-1) }
                return getsockname(descriptor, pointer, &length)
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
