import Shared

/// A closed JSON object: which members it has and of what kind. Messages follow the reference's validator.
struct ObjectSchema: Sendable {
    indirect enum Kind: Sendable {
        case anything
        case bool
        /// Any string.
        case string
        /// A string of at least one character.
        case text
        case limitedText(Int)
        case integer(ClosedRange<Int64>)
        case constant(String)
        case oneOf([String])
        case texts
        case list
        case flags
        case object(ObjectSchema)
        case nullable(Kind)
        case either(Kind, Kind)

        static let natural = Kind.integer(0...Int64.max)
        static let positive = Kind.integer(1...Int64.max)
    }

    struct Member: Sendable {
        var kind: Kind
        var isRequired: Bool

        static func required(_ kind: Kind) -> Member { Member(kind: kind, isRequired: true) }
        static func optional(_ kind: Kind) -> Member { Member(kind: kind, isRequired: false) }
    }

    private let members: [String: Member]

    init(_ members: [String: Member]) {
        self.members = members
    }

    /// What is wrong with `value`, nil when it fits. Text from outside is cut to 64 characters.
    func problem(in value: JSONValue, at path: String = "") -> String? {
        let place = path.isEmpty ? "at root" : "at \(path)"
        guard let object = value.objectValue else { return "\(place): must be object" }
        for name in members.keys.sorted() where members[name]?.isRequired == true && object[name] == nil {
            return "\(place): must have required property '\(name)'"
        }
        for name in object.keys.sorted() {
            guard let member = members[name] else { return "\(place): unexpected property '\(name.prefix(64))'" }
            if let value = object[name], let text = Self.problem(in: value, kind: member.kind, at: "\(path)/\(name)") {
                return text
            }
        }
        return nil
    }

    private static func problem(in value: JSONValue, kind: Kind, at path: String) -> String? {
        switch kind {
        case .anything: return nil
        case .bool: return value.boolValue == nil ? "at \(path): must be boolean" : nil
        case .string: return value.stringValue == nil ? "at \(path): must be string" : nil
        case .text: return text(value, limit: nil, at: path)
        case .limitedText(let limit): return text(value, limit: limit, at: path)
        case .integer(let range):
            guard let number = value.intValue else { return "at \(path): must be integer" }
            if number < range.lowerBound { return "at \(path): must be >= \(range.lowerBound)" }
            return number > range.upperBound ? "at \(path): must be <= \(range.upperBound)" : nil
        case .constant(let wanted):
            return value.stringValue == wanted ? nil : "at \(path): must be equal to constant"
        case .oneOf(let allowed):
            return value.stringValue.map(allowed.contains) == true
                ? nil : "at \(path): must be equal to one of the allowed values"
        case .texts:
            guard let items = value.arrayValue else { return "at \(path): must be array" }
            return items.enumerated().lazy.compactMap { text($1, limit: nil, at: "\(path)/\($0)") }.first
        case .list: return value.arrayValue == nil ? "at \(path): must be array" : nil
        case .flags:
            guard let object = value.objectValue else { return "at \(path): must be object" }
            return object.values.allSatisfy { $0.boolValue != nil } ? nil : "at \(path): must be boolean"
        case .object(let schema): return schema.problem(in: value, at: path)
        case .nullable(let inner): return value.isNull ? nil : problem(in: value, kind: inner, at: path)
        case .either(let first, let second):
            return problem(in: value, kind: first, at: path).flatMap { _ in problem(in: value, kind: second, at: path) }
        }
    }

    private static func text(_ value: JSONValue, limit: Int?, at path: String) -> String? {
        guard let string = value.stringValue else { return "at \(path): must be string" }
        if string.isEmpty { return "at \(path): must NOT have fewer than 1 characters" }
        if let limit, string.count > limit { return "at \(path): must NOT have more than \(limit) characters" }
        return nil
    }
}
