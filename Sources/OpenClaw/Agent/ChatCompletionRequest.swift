/// Body of `POST /v1/chat/completions`.
struct ChatCompletionRequest: Sendable, Encodable {
    struct StreamOptions: Sendable, Encodable {
        var includeUsage = true

        private enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
    }

    var model: String
    var messages: [ChatMessage]
    var stream = true
    var streamOptions = StreamOptions()

    private enum CodingKeys: String, CodingKey {
        case model, messages, stream
        case streamOptions = "stream_options"
    }
}

/// One message of a conversation, as the model sees it.
struct ChatMessage: Sendable, Equatable, Codable {
    enum Role: String, Sendable, Codable { case system, user, assistant }

    var role: Role
    var content: String
}
