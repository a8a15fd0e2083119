import NIOCore
import FoundationEssentials

/// Answers HTTP requests with prepared bytes, in pieces. `@unchecked`: used on its event loop only.
final class StubModel: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// One connection's answer.
    struct Answer: Sendable {
        var pieces: [String]
        /// Leave the connection open after the last piece.
        var hangs = false

        static func stream(_ events: [String], headers: String = "", hangs: Bool = false) -> Answer {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\(headers)connection: close\r\n\r\n"
            return Answer(pieces: [head] + events.map { "data: \($0)\n\n" }, hangs: hangs)
        }

        static func whole(_ status: String, _ body: String, headers: String = "") -> Answer {
            Answer(pieces: [
                "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)"
            ])
        }

        static func delta(_ text: String) -> String {
            "{\"model\":\"m1\",\"choices\":[{\"delta\":{\"content\":\"\(text)\"}}]}"
        }
        static let stop = "{\"model\":\"m1\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"
        static let usage =
            "{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":3,\"total_tokens\":13,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":4}}}"
        static let hello = stream(
            [delta("Hel"), delta("lo"), stop, usage, "[DONE]"], headers: "x-nemoclaw-route: ollama-local\r\n")
    }

    private let answer: Answer
    private let requests: Log<String>
    private var received = ""

    init(_ answer: Answer, requests: Log<String>) {
        self.answer = answer
        self.requests = requests
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(buffer: unwrapInboundIn(data))
        guard let end = received.firstRange(of: "\r\n\r\n") else { return }
        let head = received[..<end.lowerBound].lowercased()
        let length =
            head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: ":")[1].filter { $0 != " " }) } ?? 0
        guard received[end.upperBound...].utf8.count >= length else { return }
        requests.add(received)
        received = ""
        for piece in answer.pieces {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: piece)), promise: nil)
        }
        if !answer.hangs { context.close(promise: nil) }
    }
}
