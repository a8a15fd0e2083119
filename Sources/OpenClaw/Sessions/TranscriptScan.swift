import Shared
import SystemPackage

/// What lies at the end of a transcript file. Damaged lines are passed over; a torn last line is repaired first.
struct TranscriptScan: Sendable {
    private(set) var turns: [Transcript.Turn] = []
    private(set) var lastId: String?
    private(set) var route: TranscriptEntry.Route?

    /// Reads the end of `file`. When the last line has no line end, a crash cut it: it is ended if it is whole JSON,
    /// and removed if not.
    init(repairing file: FileDescriptor) throws {
        let size = try file.seek(offset: 0, from: .end)
        let start = max(0, size - Int64(AgentLimits.transcriptTail))
        var bytes = try Self.read(file, from: start, count: Int(size - start))
        if start > 0 {
            guard let first = bytes.firstIndex(of: 0x0a) else {
                throw NemoClawError(.stateCorrupt, "last line of the transcript is over \(bytes.count) bytes")
            }
            bytes.removeFirst(first + 1)
        }
        try Self.repair(file, size: size, &bytes)
        for line in bytes.split(separator: 0x0a) {
            // try?: a damaged line
            guard let json = try? JSONCoding.decode(JSONValue.self, from: line) else { continue }
            take(json)
        }
    }

    private mutating func take(_ json: JSONValue) {
        guard let type = json["type"]?.stringValue, type != "session" else { return }
        if let id = json["id"]?.stringValue { lastId = id }
        switch type {
        case "model_change":
            guard let provider = json["provider"]?.stringValue, let model = json["modelId"]?.stringValue else { return }
            route = TranscriptEntry.Route(provider: provider, model: model)
        case "message":
            guard let message = json["message"],
                let role = Transcript.Turn.Role(rawValue: message["role"]?.stringValue ?? "")
            else { return }
            turns.append(
                Transcript.Turn(
                    role: role, text: Self.text(message["content"]), stopReason: message["stopReason"]?.stringValue))
        default: break
        }
    }

    private static func text(_ content: JSONValue?) -> String {
        if let text = content?.stringValue { return text }
        return (content?.arrayValue ?? []).compactMap { part in
            part["type"]?.stringValue == "text" ? part["text"]?.stringValue : nil
        }.joined(separator: "\n")
    }

    private static func repair(_ file: FileDescriptor, size: Int64, _ bytes: inout [UInt8]) throws {
        guard let last = bytes.last, last != 0x0a else { return }
        let torn = bytes.suffix(from: bytes.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0)
        if (try? JSONCoding.decode(JSONValue.self, from: torn))?.objectValue != nil {  // try?: asks "is it whole"
            try file.writeAll([0x0a])
            bytes.append(0x0a)
        } else {
            try file.resize(to: size - Int64(torn.count))
            bytes.removeLast(torn.count)
        }
    }

    private static func read(_ file: FileDescriptor, from start: Int64, count: Int) throws -> [UInt8] {
        var offset = start
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized...])
                let got = try file.read(fromAbsoluteOffset: offset, into: rest)
                if got == 0 { break }
                initialized += got
                offset += Int64(got)
            }
        }
    }
}
