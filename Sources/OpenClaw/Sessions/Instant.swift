import FoundationEssentials

/// Moments as milliseconds since 1970, which is what every file and frame carries.
enum Instant {
    static var nowMs: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// ISO 8601 in UTC with milliseconds, as in transcripts.
    static func text(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
