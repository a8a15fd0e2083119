import CSandbox
import Shared

extension SandboxPlan {
    /// The plan of a sandbox.
    /// - Parameters:
    ///   - descriptors: the launch's named descriptors: `mount.home`, `mount.init`, `mount.openclaw` replace paths.
    ///   - host: what the host offers; see `HostTree.read()`.
    static func make(launch: WorkerLaunch, descriptors: [String: CInt], host: HostTree) -> SandboxPlan {
        let name = launch.sandbox.rawValue
        func source(_ descriptor: String, _ path: String) -> Bind.Source {
            descriptors[descriptor].map { .mount($0) } ?? .path(path)
        }
        let programs = [
            Bind(source: source("mount.home", launch.homePath), target: "sandbox", kind: .writable),
            Bind(source: source("mount.init", launch.initPath), target: initProgram, kind: .readOnly),
            Bind(source: source("mount.openclaw", launch.agentPath), target: agentProgram, kind: .readOnly),
        ]
        return SandboxPlan(
            sandbox: launch.sandbox,
            listeners: listenerList(port: launch.port),
            binds: hostBinds(host) + deviceBinds + programs,
            directories: directories(host),
            links: links(host),
            files: files(name: name, caBundle: launch.caBundle),
            temporary: temporaryFileSystems,
            limits: resourceLimits,
            innerUser: 1000,
            // The generated files, with room for mount points.
            rootSizeInBytes: 4 << 20 + UInt64(launch.caBundle.utf8.count),
            hostname: name,
            program: "/" + initProgram,
            arguments: ["nemoclaw-init"],
            environment: ["PATH=\(searchPath)"],
            log: 2
        )
    }

    static let initProgram = "opt/nemoclaw/bin/nemoclaw-init"
    static let agentProgram = "opt/nemoclaw/bin/openclaw"
    static let bundle = "/etc/ssl/certs/ca-certificates.crt"
    static let searchPath = "/usr/local/bin:/usr/bin:/bin:/opt/nemoclaw/bin"

    /// The environment that every command in the sandbox starts from.
    static func commandEnvironment(port: UInt16) -> [String: String] {
        var environment = [
            "HOME": "/sandbox", "PATH": searchPath, "USER": "sandbox", "LOGNAME": "sandbox", "SHELL": "/bin/bash",
            "LANG": "C.UTF-8", "TMPDIR": "/tmp", "OPENCLAW_GATEWAY_URL": "ws://127.0.0.1:\(port)",
        ]
        for variable in [
            "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
        ] {
            environment[variable] = bundle
        }
        return environment
    }

    /// In the order of `SandboxListeners`.
    private static func listenerList(port: UInt16) -> [Listener] {
        let loopback: UInt32 = 0x7f00_0001
        return [
            Listener(kind: .tcp, address: 0x7f00_0002, port: 443),
            Listener(kind: .tcp, address: loopback, port: port),
            Listener(kind: .tcp, address: loopback, port: 3128),
            Listener(kind: .tcp, address: 0, port: 443),
            Listener(kind: .tcp, address: 0, port: 80),
            Listener(kind: .udp, address: loopback, port: 53),
            Listener(kind: .tcp, address: loopback, port: 53),
        ]
    }

    private static let resourceLimits = [
        Limit(resource: Int32(bitPattern: CSANDBOX_LIMIT_CORE.rawValue), soft: 0, hard: 0),
        // The usual soft limit for programs that still use select(2); whoever needs more raises it.
        Limit(resource: Int32(bitPattern: CSANDBOX_LIMIT_OPEN_FILES.rawValue), soft: 1024, hard: 65536),
        // Counted per user namespace since Linux 5.14, so it is the sandbox's own: for builds, not for a fork bomb.
        Limit(resource: Int32(bitPattern: CSANDBOX_LIMIT_PROCESSES.rawValue), soft: 2048, hard: 2048),
    ]

    private static let temporaryFileSystems = [
        TemporaryFileSystem(path: "tmp", sizeInBytes: 1 << 30, mode: 0o1777),
        TemporaryFileSystem(path: "run", sizeInBytes: 64 << 20, mode: 0o755),
        TemporaryFileSystem(path: "dev/shm", sizeInBytes: 256 << 20, mode: 0o1777),
    ]
}
