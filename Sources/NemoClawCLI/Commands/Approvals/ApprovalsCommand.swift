import ArgumentParser
import Shared

struct ApprovalsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals", abstract: "Devices that wait for approval.",
        subcommands: [ApprovalsListCommand.self, ApprovalsApproveCommand.self, ApprovalsRejectCommand.self],
        defaultSubcommand: ApprovalsListCommand.self)
}

struct ApprovalsListCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show what waits.")
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        let answer = try context.client().call("GET", "/v1/approvals")
        if output.json {
            try context.console.json(answer)
            return 0
        }
        let records = answer["approvals"]?.arrayValue ?? []
        if records.isEmpty { context.console.result("No approvals are waiting.") }
        for record in records { context.console.result(ApprovalText.lines(record).joined(separator: "\n")) }
        return 0
    }
}

struct ApprovalsApproveCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "approve", abstract: "Grant what a device asks for.")
    @Argument(help: "Id of the request.") var requestId: String
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        try ApprovalDecision.send("approve", requestId, json: output.json, context)
    }
}

struct ApprovalsRejectCommand: ContextCommand {
    static let configuration = CommandConfiguration(commandName: "reject", abstract: "Refuse what a device asks for.")
    @Argument(help: "Id of the request.") var requestId: String
    @OptionGroup var output: OutputOptions
    var wantsJSON: Bool { output.json }

    func execute(_ context: Context) throws -> Int32 {
        try ApprovalDecision.send("reject", requestId, json: output.json, context)
    }
}

/// `POST /v1/approvals/{id}/approve` and `/reject`.
enum ApprovalDecision {
    static func send(_ verb: String, _ requestId: String, json: Bool, _ context: Context) throws -> Int32 {
        let isPlain = requestId.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        // The id becomes a part of a path.
        guard isPlain, (1...128).contains(requestId.utf8.count) else {
            throw NemoClawError(
                .invalidArgument, "\"\(Printable.line(requestId, limit: 64))\" is not the id of a request",
                hint: "Run `nemoclaw approvals list`")
        }
        let answer = try context.client().call("POST", "/v1/approvals/\(requestId)/\(verb)")
        if json {
            try context.console.json(answer)
        } else {
            context.console.result(verb == "approve" ? "Approved \(requestId)" : "Rejected \(requestId)")
        }
        return 0
    }
}
