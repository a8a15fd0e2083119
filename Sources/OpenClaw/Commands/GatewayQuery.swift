import Shared

/// One question to the gateway over a connection of its own.
struct GatewayQuery: Sendable {
    private let connector: GatewayConnector

    init(environment: CommandEnvironment) throws(NemoClawError) {
        connector = try environment.connector(try environment.configuration())
    }

    /// - Throws: `NemoClawError` that says why and what to type.
    func ask(_ method: String, _ params: JSONValue, scopes: [String]) async throws -> JSONValue {
        try await connected(scopes: scopes) { try await $0.call(method, params) }
    }

    /// Runs `body` on a connection and closes it after.
    func connected<Result: Sendable>(scopes: [String], _ body: (GatewayConnection) async throws -> Result) async throws
        -> Result
    {
        let connection = try await connector.connect(scopes: scopes)
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            if let refusal = error as? GatewayRefusal { throw refusal.explained(target: connector.target) }
            throw error
        }
    }

    var target: GatewayTarget { connector.target }
}
