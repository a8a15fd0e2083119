import NIOCore
import Testing

@testable import Supervisor

@Suite("gateway: model splicer")
struct GatewayModelSplicerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let input: String
        let output: String
        var testDescription: String { input.count > 60 ? "\(input.prefix(60))…" : input }
    }

    static let good: [Case] = [
        Case(input: #"{"model":"a"}"#, output: #"{"model":"NEW"}"#),
        Case(input: #"{"model":""}"#, output: #"{"model":"NEW"}"#),
        Case(input: "{}", output: #"{"model":"NEW"}"#),
        Case(input: " { } \n", output: " { \"model\":\"NEW\"} \n"),
        Case(input: #"{"a":1}"#, output: #"{"a":1,"model":"NEW"}"#),
        Case(input: #"{"a":1 , "model" : "x" , "b":[1,2]}"#, output: #"{"a":1 , "model" : "NEW" , "b":[1,2]}"#),
        Case(input: #"{"model":null,"b":2}"#, output: #"{"model":"NEW","b":2}"#),
        Case(input: #"{"model":true}"#, output: #"{"model":"NEW"}"#),
        Case(input: #"{"model":-12.5e+7}"#, output: #"{"model":"NEW"}"#),
        Case(input: #"{"model":12 ,"b":3}"#, output: #"{"model":"NEW" ,"b":3}"#),
        Case(input: #"{"model":[],"b":3}"#, output: #"{"model":"NEW","b":3}"#),
        Case(input: #"{"model":{"model":{"model":[1,{}]}},"b":3}"#, output: #"{"model":"NEW","b":3}"#),
        Case(input: #"{"model":["a\"]",{}],"b":3}"#, output: #"{"model":"NEW","b":3}"#),
        Case(
            input: #"{"tools":[{"model":"keep"}],"x":{"model":"keep"}}"#,
            output: #"{"tools":[{"model":"keep"}],"x":{"model":"keep"},"model":"NEW"}"#),
        Case(
            input: #"{"tools":[{"model":"keep"}],"model":"x"}"#, output: #"{"tools":[{"model":"keep"}],"model":"NEW"}"#),
        Case(
            input: #"{"content":"\"model\":\"no\"","model":"x"}"#,
            output: #"{"content":"\"model\":\"no\"","model":"NEW"}"#),
        Case(input: #"{"\u006dodel":"x"}"#, output: #"{"\u006dodel":"NEW"}"#),
        Case(input: #"{"mo\u0064\u0065l":"x"}"#, output: #"{"mo\u0064\u0065l":"NEW"}"#),
        Case(input: #"{"model\u0000":"x"}"#, output: #"{"model\u0000":"x","model":"NEW"}"#),
        Case(input: #"{"models":1,"mode":2,"mod\/el":3}"#, output: #"{"models":1,"mode":2,"mod\/el":3,"model":"NEW"}"#),
        Case(
            input: #"{"n":123456789012345678901234567890.5e-300,"model":"x"}"#,
            output: #"{"n":123456789012345678901234567890.5e-300,"model":"NEW"}"#),
        Case(
            input: #"{"t":"héllo 🌍 \ud83c\udf0d","model":"m–ü"}"#,
            output: #"{"t":"héllo 🌍 \ud83c\udf0d","model":"NEW"}"#),
        Case(
            input: #"{"a":[],"b":{},"c":[[[]]],"d":false}"#,
            output: #"{"a":[],"b":{},"c":[[[]]],"d":false,"model":"NEW"}"#),
    ]

    static func run(_ pieces: [ArraySlice<UInt8>]) -> Result<(String, ModelSplicer), ModelSplicer.Problem> {
        var splicer = ModelSplicer(replacement: Array("\"NEW\"".utf8))
        var output = ByteBuffer()
        do throws(ModelSplicer.Problem) {
            for piece in pieces {
                let result = piece.withUnsafeBytes { bytes -> Result<Void, ModelSplicer.Problem> in
                    do throws(ModelSplicer.Problem) {
                        try splicer.feed(bytes, into: &output)
                        return .success(())
                    } catch {
                        return .failure(error)
                    }
                }
                try result.get()
            }
            try splicer.finish()
            return .success((String(buffer: output), splicer))
        } catch {
            return .failure(error)
        }
    }

    @Test("the value is replaced wherever the body is cut in two", arguments: good)
    func splitEverywhere(_ example: Case) throws {
        let bytes = Array(example.input.utf8)
        for cut in 0...bytes.count {
            let (text, splicer) = try Self.run([bytes[..<cut], bytes[cut...]]).get()
            #expect(text == example.output, "cut at \(cut)")
            #expect(splicer.growth == example.output.utf8.count - bytes.count)
        }
    }

    @Test("the value is replaced when the body comes byte by byte", arguments: good)
    func byteByByte(_ example: Case) throws {
        let bytes = Array(example.input.utf8)
        let (text, _) = try Self.run(bytes.indices.map { bytes[$0...$0] }).get()
        #expect(text == example.output)
    }

    static let bad: [(String, ModelSplicer.Problem)] = [
        ("", .notAnObject), ("  ", .notAnObject), ("[]", .notAnObject), ("\"model\"", .notAnObject),
        ("7", .notAnObject),
        ("\u{feff}{}", .notAnObject), ("{", .incomplete), (#"{"model":"a""#, .incomplete), (#"{"model":"#, .incomplete),
        (#"{"a":1"#, .incomplete), (#"{"a"}"#, .invalid), (#"{"a":}"#, .invalid), (#"{,}"#, .invalid),
        (#"{"a":1,}"#, .invalid), (#"{"a":1]"#, .invalid), (#"{"a":[1}"#, .invalid), (#"{"a":[1,]}"#, .invalid),
        (#"{"a":1 2}"#, .invalid), (#"{"a":tru}"#, .invalid), (#"{"a":nul1}"#, .invalid), (#"{'model':1}"#, .invalid),
        (#"{model:1}"#, .invalid), (#"{"a":"\x"}"#, .invalid), (#"{"a":"\u12g4"}"#, .invalid),
        ("{\"a\":\"\n\"}", .invalid),
        (#"{} {}"#, .invalid), (#"{}x"#, .invalid), (#"{"a":/**/1}"#, .invalid), ("{\u{0}}", .invalid),
        (#"{"model":1,"model":2}"#, .duplicateModel), (#"{"model":1,"\u006dodel":2}"#, .duplicateModel),
        (#"{"model":{},"x":1,"model":[]}"#, .duplicateModel), (#"{"Model":1}"#, .misspeltModel),
        (#"{"model":"a","MODEL":1}"#, .misspeltModel), (#"{"\u004dodel":1}"#, .misspeltModel),
        (#"{"a":"# + String(repeating: "[", count: 200), .tooDeep),
        (String(repeating: #"{"a":"#, count: 200), .tooDeep),
    ]

    @Test("what a provider could read in another way is refused, however it is cut", arguments: bad)
    func refused(_ input: String, _ problem: ModelSplicer.Problem) {
        let bytes = Array(input.utf8)
        for cut in 0...bytes.count {
            guard case .failure(let found) = Self.run([bytes[..<cut], bytes[cut...]]) else {
                Issue.record("was taken when cut at \(cut)")
                return
            }
            #expect(found == problem)
        }
    }

    @Test("arbitrary bytes never trap and never pass for an object without a model")
    func arbitraryBytes() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("{}[]\":,\\umodelMtrufalsn0123456789eE+-. \n\u{1}".utf8) + [0xff, 0xc3]
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0..<40)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            if case .success(let (text, _)) = Self.run([bytes[...]]) { #expect(text.contains("\"NEW\"")) }
        }
    }

    @Test("nesting up to the limit is taken")
    func deepest() throws {
        let depth = ModelSplicer.maximumDepth - 1
        let text = #"{"a":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        let (output, _) = try Self.run([Array(text.utf8)[...]]).get()
        #expect(output.hasSuffix(#"],"model":"NEW"}"#))
    }
}
