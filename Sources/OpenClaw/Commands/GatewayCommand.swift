import ArgumentParser
import Shared
import SystemPackage

struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "This sandbox's gateway.", subcommands: [Status.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Where the gateway is and whether it answers.")

        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await CommandRunner.run(json: json) { environment in
                let query = try GatewayQuery(environment: environment)
                let hello = try await query.connected(scopes: ["operator.read"]) { connection in
                    _ = try await connection.call("health", [:])
                    return connection.hello
                }
                let scopes = hello.scopes.map { PrintableText.line($0, limit: 64) }
                if json {
                    try environment.output.print([
                        "ok": true, "url": .string(query.target.url), "source": .string(query.target.source),
                        "config": .string(environment.folders.configuration.string),
                        "version": .string(hello.serverVersion), "protocol": .int(hello.protocolVersion),
                        "scopes": .array(scopes.map { .string($0) }),
                    ])
                } else {
                    try environment.output.print(
                        """
                        Gateway:   reachable
                        Target:    \(query.target.url)
                        Source:    \(query.target.source)
                        Config:    \(environment.folders.configuration)
                        Version:   \(hello.serverVersion) (protocol \(hello.protocolVersion))
                        Scopes:    \(scopes.joined(separator: ", "))
                        """)
                }
                return 0
            }
        }
    }
}
