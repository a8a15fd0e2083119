import Testing

@testable import OpenClaw

@Suite("Printing an answer")
struct AnswerPrinterTests {
    @Test("streamed text is not printed again")
    func once() {
        var printer = AnswerPrinter()
        #expect(printer.stream(delta: "Hel", text: "Hel") == "Hel")
        #expect(printer.stream(delta: "lo", text: "Hello") == "lo")
        #expect(printer.finish("Hello") == "\n")
    }

    @Test("a lost event is made good by the next one, a lost end by the answer")
    func gaps() {
        var printer = AnswerPrinter()
        #expect(printer.stream(delta: "a", text: "a") == "a")
        #expect(printer.stream(delta: "c", text: "abc") == "bc")
        #expect(printer.finish("abcd") == "d\n")
    }

    @Test("without streaming the whole answer is printed")
    func whole() {
        var printer = AnswerPrinter()
        #expect(printer.finish("x\n") == "x\n")
    }

    @Test("an answer that is not what was streamed stands on its own line, whole")
    func different() {
        var printer = AnswerPrinter()
        #expect(printer.stream(delta: "abc", text: nil) == "abc")
        #expect(printer.finish("xyz") == "\nxyz\n")
    }

    @Test("a character that was split between two events comes out whole")
    func combining() {
        var printer = AnswerPrinter()
        #expect(printer.stream(delta: "e", text: nil) == "e")
        #expect(printer.stream(delta: "\u{301}", text: nil) == "\u{301}")
        #expect(printer.finish("e\u{301}!") == "!\n")
    }

    @Test("text of others does not steer a terminal")
    func controls() {
        #expect(PrintableText.terminal("a\u{1b}[31mb\tc\nd\u{9b}e\u{7}") == "a[31mb\tc\nde")
        #expect(PrintableText.line("a\nb\u{1b}c", limit: 10) == "a b c")
        #expect(PrintableText.line("abcdef", limit: 3) == "abc…")
    }
}
