import Shared

/// What a probe's outcome means for an operator.
enum ProbeVerdict {
    /// - Throws: why requests on this route would fail.
    static func result(of outcome: ProbeOutcome, route: Route) throws(NemoClawError) -> ProbeResult {
        let place = "\(route.baseURL)"
        switch outcome {
        case .healthy(modelKnown: false):
            return ProbeResult(
                inference: .healthy, detail: "\(place) does not list model \"\(route.model)\"")
        case .healthy:
            return ProbeResult(inference: .healthy)
        case .reachable(let status):
            return ProbeResult(inference: .reachable, detail: "\(place) answered \(status) when asked for its models")
        case .unauthorized:
            let variable = route.provider.credentialVariable
            throw NemoClawError(
                .missingCredential, "\(place) refuses the key",
                hint: variable.map { "Set \($0) to a valid key, then try again" })
        case .unhealthy(let status):
            throw NemoClawError(.endpointInvalid, "\(place) answered \(status): it is in trouble itself")
        case .refused:
            throw NemoClawError(
                .endpointRefused, "\(place) refuses connections",
                hint: "Start the server that should listen there, or name another with --endpoint-url")
        case .nameUnknown:
            throw NemoClawError(
                .endpointInvalid, "host \"\(route.baseURL.host)\" is not known", hint: "Check the --endpoint")
        case .unreachable(let detail):
            throw NemoClawError(.endpointRefused, "\(place) cannot be reached: \(detail)", hint: "Check the --endpoint")
        case .timedOut:
            throw NemoClawError(
                .endpointTimeout, "\(place) did not answer in time", hint: "Check that it runs and is not overloaded")
        case .wrongProtocol(let detail):
            throw NemoClawError(
                .endpointInvalid, "\(place) is no model API: \(detail)",
                hint: "The --endpoint usually ends with /v1")
        }
    }
}
