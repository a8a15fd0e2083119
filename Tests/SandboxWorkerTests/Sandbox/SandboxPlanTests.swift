import Shared
import Testing

@testable import SandboxWorker

@Suite struct SandboxPlanTests {
    private let host = HostTree(
        topLevel: [.link(name: "bin", target: "usr/bin"), .directory(name: "lib64")],
        etc: ["services", "ssl/openssl.cnf"],
        libraries: ["/opt/swift/usr/lib"])

    private func plan(_ descriptors: [String: CInt] = [:]) throws -> SandboxPlan {
        let launch = WorkerLaunch(
            sandbox: try SandboxName("alpha"), secret: "SECRET", gatewayToken: "SECRET", sandboxToken: "SECRET",
            port: 18790, caBundle: "PEM", homePath: "/h", initPath: "/i", agentPath: "/a", descriptors: [],
            configuration: WorkerConfiguration(provider: "p", providerLabel: "P", model: "m"))
        return SandboxPlan.make(launch: launch, descriptors: descriptors, host: host)
    }

    @Test func `only the home is writable`() throws {
        #expect(try plan().binds.filter { $0.kind == .writable }.map(\.target) == ["sandbox"])
        #expect(try plan().binds.filter { $0.kind == .device }.allSatisfy { $0.target.hasPrefix("dev/") })
    }

    @Test func `given mounts replace paths`() throws {
        let mounts = ["mount.home": 7, "mount.init": 8, "mount.openclaw": 9] as [String: CInt]
        #expect(try plan(mounts).binds.suffix(3).map(\.source) == [.mount(7), .mount(8), .mount(9)])
        #expect(try plan().binds.suffix(3).map(\.source) == [.path("/h"), .path("/i"), .path("/a")])
    }

    @Test func `top-level entries are what they are on the host`() throws {
        let plan = try plan()
        #expect(plan.links.contains(.init(path: "bin", target: "usr/bin")))
        #expect(plan.binds.contains(.init(source: .path("/lib64"), target: "lib64", kind: .readOnly)))
    }

    @Test func `parents come before children and nothing is made twice`() throws {
        let plan = try plan()
        var seen: Set<String> = []
        for directory in plan.directories {
            if let slash = directory.path.lastIndex(of: "/") {
                #expect(seen.contains(String(directory.path[..<slash])))
            }
            #expect(seen.insert(directory.path).inserted)
        }
        for path in plan.links.map(\.path) + plan.files.map(\.path) { #expect(seen.insert(path).inserted) }
    }

    @Test func `no secret gets into the plan`() throws {
        let text = "\(try plan())"
        #expect(!text.contains("SECRET"))
    }

    @Test func `nothing private of the host's etc is named`() {
        for name in ["shadow", "gshadow", "ssh", "nemoclaw", "sudoers", "passwd", "ssl/private", "ssl", "krb5.keytab"] {
            #expect(!HostTree.etcNames.contains(name))
        }
    }
}
