import Shared

/// Environment of every command in a sandbox (`docs/wire-protocols.md`, "Inside the sandbox").
enum SandboxEnvironment {
    static func variables(port: UInt16, adding extra: [String: String] = [:]) -> [String] {
        let bundle = "/etc/ssl/certs/ca-certificates.crt"
        var variables = [
            "HOME": "/sandbox", "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/nemoclaw/bin", "LANG": "C.UTF-8",
            "USER": "sandbox", "LOGNAME": "sandbox", "SHELL": "/bin/bash", "TMPDIR": "/tmp",
            "OPENCLAW_GATEWAY_URL": "ws://127.0.0.1:\(port)",
        ]
        for name in [
            "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
        ] { variables[name] = bundle }
        variables.merge(extra) { _, new in new }
        return variables.keys.sorted().map { "\($0)=\(variables[$0] ?? "")" }
    }
}
