import Glibc

/// Reads token counts out of an answer that flows through, JSON or event stream alike.
///
/// It looks for `"…_tokens":123`. Inside JSON text a quote is always escaped, so these bytes are never part of what
/// the model said. The last count wins, as streams report growing totals and Anthropic's come in two parts.
struct UsageScanner {
    private(set) var inputTokens: Int64 = 0
    private(set) var outputTokens: Int64 = 0

    /// What a count cut in two may need from the chunk before: the longest key, its number and some white space.
    private static let carryCapacity = 64
    private var carry: [UInt8] = []

    mutating func reset() {
        inputTokens = 0
        outputTokens = 0
        carry.removeAll(keepingCapacity: true)
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        if !carry.isEmpty {
            // The seam: the end of what came before with the start of what comes now.
            carry.append(contentsOf: bytes.prefix(Self.carryCapacity))
            let seam = carry
            seam.withUnsafeBytes { scan($0) }
        }
        scan(bytes)
        if bytes.count >= Self.carryCapacity {
            carry.removeAll(keepingCapacity: true)
            carry.append(contentsOf: bytes.suffix(Self.carryCapacity))
        } else if carry.isEmpty {
            carry.append(contentsOf: bytes)
        } else if carry.count > Self.carryCapacity {
            carry.removeFirst(carry.count - Self.carryCapacity)
        }
    }

    private mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        let needle: StaticString = "_tokens\""
        let count = needle.utf8CodeUnitCount
        var from = 0
        while from + count <= bytes.count, let hit = memchr(base + from, 0x5f, bytes.count - count - from + 1) {
            let start = UnsafeRawPointer(hit) - base
            guard memcmp(base + start, needle.utf8Start, count) == 0 else {
                from = start + 1
                continue
            }
            from = start + count
            read(bytes, keyEnd: start, after: from)
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, keyEnd: Int, after: Int) {
        let isInput = Self.key("\"prompt", endsAt: keyEnd, in: bytes) || Self.key("\"input", endsAt: keyEnd, in: bytes)
        let isOutput =
            Self.key("\"completion", endsAt: keyEnd, in: bytes) || Self.key("\"output", endsAt: keyEnd, in: bytes)
        guard isInput || isOutput, let value = Self.number(bytes, from: after) else { return }
        if isInput { inputTokens = value } else { outputTokens = value }
    }

    private static func key(_ key: StaticString, endsAt end: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        let count = key.utf8CodeUnitCount
        guard end >= count, let base = bytes.baseAddress else { return false }
        return memcmp(base + end - count, key.utf8Start, count) == 0
    }

    /// The number after the colon; nil when there is none or when the chunk ends before it does.
    private static func number(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int64? {
        var index = start
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x3a { index += 1 }
        var value: Int64 = 0
        let first = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]), index - first < 12 {
            value = value * 10 + Int64(bytes[index] - 0x30)
            index += 1
        }
        return index > first && index < bytes.count ? value : nil
    }
}
