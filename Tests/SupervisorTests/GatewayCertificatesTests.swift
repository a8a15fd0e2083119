import FoundationEssentials
import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import Supervisor

@Suite("gateway: certificates")
struct GatewayCertificatesTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static func contents(_ folder: String) throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in CertificateFiles.names {
            result[name] = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
        }
        return result
    }

    @Test("they are made once and reused byte for byte")
    func reuse() async throws {
        try await TestFolder.with { path in
            let folder = "\(path)/tls"
            let first = try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            let before = try Self.contents(folder)
            let second = try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now + 86_400)
            #expect(second.caPEM == first.caPEM)
            #expect(second.leafSerial == first.leafSerial)
            #expect(try Self.contents(folder) == before)
            for name in CertificateFiles.names {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
            _ = try second.tlsConfiguration()
        }
    }

    @Test("the leaf is renewed at two thirds of its life, by the same CA and for the same key")
    func renewal() async throws {
        try await TestFolder.with { path in
            let folder = "\(path)/tls"
            let first = try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            let before = try Self.contents(folder)
            #expect(!first.needsRenewal(at: Self.now + 59 * 86_400))
            let later = try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now + 61 * 86_400)
            #expect(later.caPEM == first.caPEM)
            #expect(later.leafSerial != first.leafSerial)
            #expect(later.notAfter > first.notAfter)
            let after = try Self.contents(folder)
            #expect(before.filter { $0.key != "inference.pem" } == after.filter { $0.key != "inference.pem" })
        }
    }

    @Test("a missing file is named and nothing is replaced", arguments: CertificateFiles.names)
    func missing(_ name: String) async throws {
        try await TestFolder.with { path in
            let folder = "\(path)/tls"
            _ = try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            #expect(unlink("\(folder)/\(name)") == 0)
            let error = #expect(throws: NemoClawError.self) {
                try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            }
            #expect(error?.code == .stateCorrupt)
            #expect(error?.message.contains(name) == true)
            #expect(access("\(folder)/\(name)", F_OK) != 0)
        }
    }

    @Test(
        "a damaged file is named and kept",
        arguments: CertificateFiles.names.flatMap { name in ["", "garbage", "other"].map { (name, $0) } })
    func damaged(_ name: String, _ damage: String) async throws {
        try await TestFolder.with { path in
            let folder = "\(path)/tls"
            _ = try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            let file = "\(folder)/\(name)"
            var bytes = Data(damage.utf8)
            if damage == "other" {
                _ = try GatewayCertificates.loadOrCreate(folder: "\(path)/other", now: Self.now)
                bytes = try Data(contentsOf: URL(filePath: "\(path)/other/\(name)"))
            }
            try bytes.write(to: URL(filePath: file))
            chmod(file, 0o600)
            let error = #expect(throws: NemoClawError.self) {
                try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            }
            #expect(error?.code == .stateCorrupt)
            #expect(error?.message.contains("\(folder)/") == true)
            #expect(try Data(contentsOf: URL(filePath: file)) == bytes)
        }
    }

    @Test("a key that others may read is refused")
    func openKey() async throws {
        try await TestFolder.with { path in
            let folder = "\(path)/tls"
            _ = try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            chmod("\(folder)/ca.key", 0o644)
            let error = #expect(throws: NemoClawError.self) {
                try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now)
            }
            #expect(error?.message.contains("ca.key") == true)
        }
    }

    @Test("a folder with files of others is left alone")
    func foreignFolder() async throws {
        try await TestFolder.with { path in
            let folder = "\(path)/tls"
            mkdir(folder, 0o700)
            try Data("x".utf8).write(to: URL(filePath: "\(folder)/notes"))
            #expect(throws: NemoClawError.self) { try GatewayCertificates.loadOrCreate(folder: folder, now: Self.now) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)").sorted() == ["tls"])
        }
    }
}
