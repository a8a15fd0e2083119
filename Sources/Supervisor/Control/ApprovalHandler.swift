import Hummingbird
import Shared

/// `/v1/approvals`: the operator decides what devices may have.
struct ApprovalHandler: Sendable {
    private struct Approvals: Encodable { var approvals: [ApprovalRecord] }
    private struct Decided: Encodable { var approval: ApprovalRecord }
    private enum Decision: Sendable { case approve, reject }

    let authority: ScopeAuthority
    /// Tells the sandbox's worker.
    let announce: @Sendable ([ScopeEvent]) async -> Void

    func add(to router: Router<ControlContext>) {
        router.get("/v1/approvals") { _, _ in
            try ControlBody.response(Approvals(approvals: try await authority.pending()))
        }
        router.post("/v1/approvals/:id/approve") { _, context in try await decide(.approve, context) }
        router.post("/v1/approvals/:id/reject") { _, context in try await decide(.reject, context) }
    }

    private func decide(_ decision: Decision, _ context: ControlContext) async throws -> Response {
        let id = try context.parameters.require("id")
        // The record is shown in the answer, so it is read before the decision removes it.
        guard let record = try await authority.pending().first(where: { $0.requestId == id }) else {
            throw NemoClawError(
                .notFound, "there is no approval request \"\(id.prefix(128))\"",
                hint: "See which wait: nemoclaw approvals")
        }
        let approver = Approver.operator(uid: context.peer.uid)
        let events =
            switch decision {
            case .approve: try await authority.approve(requestId: id, by: approver).events
            case .reject: try await authority.reject(requestId: id, by: approver).events
            }
        await announce(events)
        return try ControlBody.response(Decided(approval: record))
    }
}
