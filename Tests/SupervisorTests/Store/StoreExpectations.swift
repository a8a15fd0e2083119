import Shared
import Testing

/// Expects `body` to fail with this code.
func expectCode<Value>(
    _ code: ErrorCode, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
) async {
    do {
        _ = try await body()
        Issue.record("did not fail with \(code.rawValue)", sourceLocation: sourceLocation)
    } catch let error as NemoClawError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
