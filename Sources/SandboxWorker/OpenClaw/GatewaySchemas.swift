import Shared

/// Closed params of protocol 4 (2026.6.9); protocol 3 has a subset of them.
enum GatewaySchemas {
    static let none = ObjectSchema([:])
    static let health = ObjectSchema(["probe": .optional(.bool)])
    static let modelsList = ObjectSchema([
        "view": .optional(.oneOf(["default", "configured", "all"])), "agentId": .optional(.text),
        "refresh": .optional(.bool),
    ])
    static let pairRequest = ObjectSchema(["requestId": .required(.text)])
    static let pairDevice = ObjectSchema(["deviceId": .required(.text)])
    static let agentWait = ObjectSchema(["runId": .required(.text), "timeoutMs": .optional(.natural)])
    static let chatHistory = ObjectSchema([
        "sessionKey": .required(.text), "agentId": .optional(.text), "limit": .optional(.integer(1...1000)),
        "maxChars": .optional(.integer(1...500_000)),
    ])
    static let chatAbort = ObjectSchema([
        "sessionKey": .required(.text), "agentId": .optional(.text), "runId": .optional(.text),
    ])

    static let inputProvenance = ObjectSchema([
        "kind": .required(.oneOf(["external_user", "inter_session", "internal_system"])),
        "originSessionId": .optional(.string), "sourceSessionKey": .optional(.string),
        "sourceChannel": .optional(.string), "sourceTool": .optional(.string),
    ])

    static let chatSend = ObjectSchema([
        "sessionKey": .required(.limitedText(512)), "message": .required(.string), "idempotencyKey": .required(.text),
        "agentId": .optional(.text), "sessionId": .optional(.text), "thinking": .optional(.string),
        "fastMode": .optional(.either(.bool, .constant("auto"))), "fastAutoOnSeconds": .optional(.positive),
        "deliver": .optional(.bool), "originatingChannel": .optional(.string), "originatingTo": .optional(.string),
        "originatingAccountId": .optional(.string), "originatingThreadId": .optional(.string),
        "attachments": .optional(.list), "timeoutMs": .optional(.natural),
        "systemInputProvenance": .optional(.object(inputProvenance)), "systemProvenanceReceipt": .optional(.string),
        "suppressCommandInterpretation": .optional(.bool),
    ])

    static let agent: ObjectSchema = {
        var members: [String: ObjectSchema.Member] = [
            "message": .required(.text), "idempotencyKey": .required(.text), "agentId": .optional(.text),
            "label": .optional(.limitedText(512)), "timeout": .optional(.natural), "attachments": .optional(.list),
            "internalEvents": .optional(.list), "inputProvenance": .optional(.object(inputProvenance)),
            "promptMode": .optional(.oneOf(["full", "minimal", "none"])),
            "bootstrapContextMode": .optional(.oneOf(["full", "lightweight"])),
            "bootstrapContextRunKind": .optional(.oneOf(["default", "heartbeat", "cron"])),
            "acpTurnSource": .optional(.constant("manual_spawn")),
            "sessionEffects": .optional(.oneOf(["visible", "internal"])),
            "sourceReplyDeliveryMode": .optional(.oneOf(["automatic", "message_tool_only"])),
            "internalRuntimeHandoffId": .optional(.text),
            "execApprovalFollowupExpectedSessionId": .optional(.text),
        ]
        for name in [
            "provider", "model", "to", "replyTo", "sessionId", "sessionKey", "thinking", "channel", "replyChannel",
            "accountId", "replyAccountId", "threadId", "groupId", "groupChannel", "groupSpace", "lane",
            "extraSystemPrompt", "voiceWakeTrigger",
        ] { members[name] = .optional(.string) }
        for name in [
            "deliver", "bestEffortDeliver", "cleanupBundleMcpOnRunEnd", "modelRun", "suppressPromptPersistence",
            "disableMessageTool",
        ] { members[name] = .optional(.bool) }
        return ObjectSchema(members)
    }()

    static let sessionsList: ObjectSchema = {
        var members: [String: ObjectSchema.Member] = [
            "limit": .optional(.positive), "offset": .optional(.natural), "activeMinutes": .optional(.positive),
            "label": .optional(.limitedText(512)), "spawnedBy": .optional(.text), "agentId": .optional(.text),
            "search": .optional(.string),
        ]
        for name in [
            "includeGlobal", "includeUnknown", "configuredAgentsOnly", "includeDerivedTitles", "includeLastMessage",
            "archived",
        ] { members[name] = .optional(.bool) }
        return ObjectSchema(members)
    }()

    static let sessionsPatch: ObjectSchema = {
        var members: [String: ObjectSchema.Member] = [
            "key": .required(.text), "agentId": .optional(.text), "label": .optional(.nullable(.limitedText(512))),
            "fastMode": .optional(.nullable(.either(.bool, .constant("auto")))),
            "responseUsage": .optional(.nullable(.oneOf(["off", "tokens", "full", "on"]))),
            "spawnDepth": .optional(.nullable(.natural)),
            "subagentRole": .optional(.nullable(.oneOf(["orchestrator", "leaf"]))),
            "subagentControlScope": .optional(.nullable(.oneOf(["children", "none"]))),
            "inheritedToolAllow": .optional(.nullable(.texts)), "inheritedToolDeny": .optional(.nullable(.texts)),
            "sendPolicy": .optional(.nullable(.oneOf(["allow", "deny"]))),
            "groupActivation": .optional(.nullable(.oneOf(["mention", "always"]))),
            "archived": .optional(.bool), "pinned": .optional(.bool), "unread": .optional(.bool),
        ]
        for name in [
            "thinkingLevel", "verboseLevel", "traceLevel", "reasoningLevel", "elevatedLevel", "execHost",
            "execSecurity", "execAsk", "execNode", "model", "spawnedBy", "spawnedWorkspaceDir", "spawnedCwd",
            "category",
        ] { members[name] = .optional(.nullable(.text)) }
        return ObjectSchema(members)
    }()
}
