struct AuditGate: Sendable {}
