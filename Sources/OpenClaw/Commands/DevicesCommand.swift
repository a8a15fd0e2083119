import ArgumentParser
import Shared

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "Devices that may talk to this sandbox's gateway.",
        subcommands: [List.self, Approve.self, Reject.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List pending and paired devices.")

        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await CommandRunner.run(json: json) { environment in
                let answer = try await GatewayQuery(environment: environment)
                    .ask("device.pair.list", [:], scopes: ["operator.pairing"])
                if json {
                    try environment.output.print(answer)
                } else {
                    try environment.output.print(DeviceTable.text(answer))
                }
                return 0
            }
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Approve a pending device request.")

        @Argument(help: "The request's id.") var request: String

        func run() async throws {
            try await CommandRunner.run { try await DeviceDecision(environment: $0, request: request).approve() }
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Reject a pending device request.")

        @Argument(help: "The request's id.") var request: String

        func run() async throws {
            try await CommandRunner.run { try await DeviceDecision(environment: $0, request: request).reject() }
        }
    }
}
