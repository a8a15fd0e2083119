/// What the operator wants of a sandbox; what it is doing is kept by its supervisor, never here.
enum WantedState: String, Sendable, Codable, CaseIterable {
    case running, stopped
}
