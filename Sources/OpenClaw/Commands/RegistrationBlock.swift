import NIOCore
import NIOHTTP1
import Shared

/// The lines that say which route this sandbox's inference takes, asked of the shared gateway.
struct RegistrationBlock: Sendable, Equatable {
    var endpoint: String
    var provider: String
    var model: String

    /// The route is asked for on this machine: it answers at once or not at all.
    private static let limit = TimeAmount.seconds(5)
    private static let longestAnswer = 64 << 10

    var text: String {
        """
        NemoClaw registered
          Endpoint:  \(endpoint)
          Provider:  \(provider)
          Model:     \(model)
          Slash:     /nemoclaw

        """
    }

    init?(_ json: JSONValue) {
        guard let model = json["model"]?.stringValue,
            let provider = json["providerLabel"]?.stringValue ?? json["provider"]?.stringValue
        else { return nil }
        endpoint = PrintableText.line(
            json["endpoint"]?.stringValue ?? "Managed Inference Route (inference.local)", limit: 200)
        self.provider = PrintableText.line(provider, limit: 200)
        self.model = PrintableText.line(model, limit: 200)
    }

    /// - Throws: why the route is not known.
    static func fetch(_ client: HTTPClient) async throws -> RegistrationBlock {
        var client = client
        client.limits = HTTPClient.Limits(connect: limit, firstByte: limit, idle: limit)
        let bytes = try await client.exchange(.GET, client.endpoint.route) { head, parts in
            let body = try await HTTPClient.rest(&parts, limit: longestAnswer)
            guard head.status == .ok else { throw AgentFailure(status: head.status, body: body) }
            return body
        }
        guard let block = RegistrationBlock(try JSONCoding.decode(JSONValue.self, from: bytes)) else {
            throw NemoClawError(.protocolViolation, "the route's description is not complete")
        }
        return block
    }

    /// Shows the block, or why there is none. A route that cannot be described stops nothing: the run itself tells.
    static func show(_ client: HTTPClient, _ output: CommandOutput) async {
        do {
            output.note(try await fetch(client).text)
        } catch let error as NemoClawError {
            output.note("NemoClaw: inference route is not known: \(error.message)")
        } catch {
            let failure = AgentFailure(error, beforeFirstByte: true)
            output.note("NemoClaw: inference route is not known: \(failure.message)")
        }
    }
}
