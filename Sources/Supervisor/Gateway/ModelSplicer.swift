import NIOCore

/// Replaces the value of the top-level member `model` while a JSON object flows through, byte for byte otherwise.
///
/// It is strict where a provider's parser might read something else than we do: a second `model`, a `model` in other
/// letter case (Go's parser would take it), and anything that is not one JSON object are refused.
struct ModelSplicer {
    enum Problem: Error, Equatable {
        case notAnObject
        case invalid
        case incomplete
        case duplicateModel
        case misspeltModel
        case tooDeep
    }

    /// Deepest nesting that is read; tool schemas need about thirty.
    static let maximumDepth = 128

    private enum State {
        case start, keyOrEnd, key, inKey, colon, value, valueOrEnd, inString, inLiteral, inNumber, afterValue, end
    }

    private let replacement: [UInt8]
    private var state = State.start
    private var depth = 0
    /// One bit a level: whether it is an object.
    private var levels: (UInt64, UInt64) = (0, 0)
    /// 0: plain; 1: after a backslash; 2...5: that many hex digits + 1 to come.
    private var escape = 0
    private var codeUnit: UInt32 = 0
    /// Letters of `model` matched so far; -1: another key.
    private var matched = -1
    private var matchedExactly = true
    private var literal: StaticString = "true"
    private var literalIndex = 0
    private var hasMembers = false
    private var modelIsNext = false
    private var isSkipping = false

    /// Whether the value was replaced (or the member added).
    private(set) var isSpliced = false
    /// Bytes written so far minus bytes read so far; final once `isSpliced` and the value is behind us.
    private(set) var growth = 0

    /// - Parameter replacement: the model as a JSON value.
    init(replacement: [UInt8]) {
        self.replacement = replacement
    }

    /// Whether `growth` will not change any more.
    var growthIsFinal: Bool { isSpliced && !isSkipping }

    mutating func feed(_ input: UnsafeRawBufferPointer, into output: inout ByteBuffer) throws(Problem) {
        let writtenBefore = output.writerIndex
        defer { growth += output.writerIndex - writtenBefore - input.count }
        var index = 0
        var runStart = 0
        while index < input.count {
            if state == .inString || state == .inKey { index = skipPlain(input, from: index) }
            guard index < input.count else { break }
            let byte = input[index]
            switch state {
            case .value, .valueOrEnd:
                if modelIsNext, !Self.isSpace(byte) {
                    output.writeBytes(input[runStart..<index])
                    output.writeBytes(replacement)
                    modelIsNext = false
                    isSkipping = true
                    isSpliced = true
                }
                let wasSkipping = isSkipping
                try consumeValueStart(byte)
                if wasSkipping, !isSkipping { runStart = index + 1 }
            case .inNumber where !Self.isNumberByte(byte):
                let wasSkipping = isSkipping
                endValue()
                if wasSkipping, !isSkipping { runStart = index }
                continue
            case .keyOrEnd where byte == UInt8(ascii: "}") && depth == 1,
                .afterValue where byte == UInt8(ascii: "}") && depth == 1:
                if !isSpliced {
                    output.writeBytes(input[runStart..<index])
                    runStart = index
                    output.writeStaticString(hasMembers ? ",\"model\":" : "\"model\":")
                    output.writeBytes(replacement)
                    isSpliced = true
                }
                depth = 0
                state = .end
            default:
                let wasSkipping = isSkipping
                try consume(byte)
                if wasSkipping, !isSkipping { runStart = index + 1 }
            }
            index += 1
        }
        if !isSkipping { output.writeBytes(input[runStart..<input.count]) }
    }

    /// To be called when the input is over.
    func finish() throws(Problem) {
        if state == .start { throw .notAnObject }
        if state != .end { throw .incomplete }
    }

    /// Index of the first byte from `index` on that is not an ordinary byte of a string.
    private func skipPlain(_ input: UnsafeRawBufferPointer, from index: Int) -> Int {
        guard escape == 0, state == .inString || matched < 0 else { return index }
        var index = index
        while index < input.count {
            let byte = input[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        return index
    }

    private mutating func consume(_ byte: UInt8) throws(Problem) {
        switch state {
        case .start:
            if Self.isSpace(byte) { return }
            guard byte == UInt8(ascii: "{") else { throw .notAnObject }
            try open(object: true)
        case .keyOrEnd, .key: try consumeKeyStart(byte)
        case .inKey, .inString: try consumeString(byte)
        case .colon:
            if Self.isSpace(byte) { return }
            guard byte == UInt8(ascii: ":") else { throw .invalid }
            state = .value
        case .inLiteral: try consumeLiteral(byte)
        case .inNumber: break
        case .afterValue: try consumeAfterValue(byte)
        case .end: guard Self.isSpace(byte) else { throw .invalid }
        case .value, .valueOrEnd: try consumeValueStart(byte)
        }
    }

    private mutating func consumeKeyStart(_ byte: UInt8) throws(Problem) {
        if Self.isSpace(byte) { return }
        if byte == UInt8(ascii: "}"), state == .keyOrEnd { return close() }
        guard byte == UInt8(ascii: "\"") else { throw .invalid }
        matched = depth == 1 ? 0 : -1
        matchedExactly = true
        if depth == 1 { hasMembers = true }
        state = .inKey
    }

    private mutating func consumeValueStart(_ byte: UInt8) throws(Problem) {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): break
        case UInt8(ascii: "\""): state = .inString
        case UInt8(ascii: "{"): try open(object: true)
        case UInt8(ascii: "["): try open(object: false)
        case UInt8(ascii: "]") where state == .valueOrEnd: close()
        case UInt8(ascii: "t"): startLiteral("true")
        case UInt8(ascii: "f"): startLiteral("false")
        case UInt8(ascii: "n"): startLiteral("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): state = .inNumber
        default: throw .invalid
        }
    }

    private mutating func consumeAfterValue(_ byte: UInt8) throws(Problem) {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): break
        case UInt8(ascii: ","): state = isInObject ? .key : .value
        case UInt8(ascii: "}") where isInObject: close()
        case UInt8(ascii: "]") where !isInObject: close()
        default: throw .invalid
        }
    }

    private mutating func startLiteral(_ text: StaticString) {
        literal = text
        literalIndex = 1
        state = .inLiteral
    }

    private mutating func consumeLiteral(_ byte: UInt8) throws(Problem) {
        let expected = literal.withUTF8Buffer { $0[literalIndex] }
        guard byte == expected else { throw .invalid }
        literalIndex += 1
        if literalIndex == literal.utf8CodeUnitCount { endValue() }
    }

    private mutating func consumeString(_ byte: UInt8) throws(Problem) {
        switch escape {
        case 0:
            if byte == UInt8(ascii: "\\") {
                escape = 1
            } else if byte == UInt8(ascii: "\"") {
                try endString()
            } else if byte < 0x20 {
                throw .invalid
            } else {
                match(UInt32(byte))
            }
        case 1:
            switch byte {
            case UInt8(ascii: "u"):
                escape = 5
                codeUnit = 0
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                escape = 0
                matched = -1
            default: throw .invalid
            }
        default:
            guard let digit = Self.hexValue(byte) else { throw .invalid }
            codeUnit = codeUnit << 4 | digit
            escape -= 1
            if escape == 1 {
                escape = 0
                match(codeUnit)
            }
        }
    }

    private mutating func match(_ unit: UInt32) {
        guard matched >= 0 else { return }
        let name: StaticString = "model"
        guard matched < name.utf8CodeUnitCount else {
            matched = -1
            return
        }
        let expected = UInt32(name.withUTF8Buffer { $0[matched] })
        if unit == expected {
            matched += 1
        } else if unit == expected - 0x20 {
            matched += 1
            matchedExactly = false
        } else {
            matched = -1
        }
    }

    private mutating func endString() throws(Problem) {
        guard state == .inKey else { return endValue() }
        state = .colon
        guard matched == 5 else { return }
        guard matchedExactly else { throw .misspeltModel }
        guard !isSpliced else { throw .duplicateModel }
        modelIsNext = true
    }

    private mutating func endValue() {
        state = .afterValue
        if depth == 1 { isSkipping = false }
    }

    private mutating func open(object: Bool) throws(Problem) {
        guard depth < Self.maximumDepth else { throw .tooDeep }
        let bit = UInt64(1) << UInt64(depth & 63)
        if depth < 64 {
            levels.0 = object ? levels.0 | bit : levels.0 & ~bit
        } else {
            levels.1 = object ? levels.1 | bit : levels.1 & ~bit
        }
        depth += 1
        state = object ? .keyOrEnd : .valueOrEnd
    }

    private mutating func close() {
        depth -= 1
        endValue()
    }

    private var isInObject: Bool {
        let level = depth - 1
        return (level < 64 ? levels.0 : levels.1) >> UInt64(level & 63) & 1 == 1
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x2b || byte == 0x2e || byte == 0x65 || byte == 0x45
    }

    private static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x37)
        case 0x61...0x66: UInt32(byte - 0x57)
        default: nil
        }
    }
}
