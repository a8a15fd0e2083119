import Crypto
import FoundationEssentials
import NIOCore
import Shared

/// The server side of the gateway protocol, as bytes: its challenge rides in the segment of the `101`.
/// `@unchecked`: used on its event loop only.
final class StubGateway: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Reply: Sendable {
        case frame(JSONValue)
        case ping
        case close(UInt16, String)
    }

    typealias Script = @Sendable (_ method: String, _ id: String, _ params: JSONValue) -> [Reply]

    static func answer(_ id: String, _ payload: JSONValue) -> Reply {
        .frame(["type": "res", "id": .string(id), "ok": true, "payload": payload])
    }

    static func refusal(_ id: String, _ error: JSONValue) -> Reply {
        .frame(["type": "res", "id": .string(id), "ok": false, "error": error])
    }

    static let hello: JSONValue = [
        "type": "hello-ok", "protocol": 4, "server": ["version": "stub"],
        "auth": ["role": "operator", "scopes": ["operator.write"], "deviceToken": "issued-token"],
    ]

    private let script: Script
    private let pongs: Log<String>
    private var buffer = ByteBuffer()
    private var isUpgraded = false

    init(pongs: Log<String> = Log(), _ script: @escaping Script) {
        self.script = script
        self.pongs = pongs
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var new = unwrapInboundIn(data)
        buffer.writeBuffer(&new)
        if !isUpgraded { upgrade(context) }
        while isUpgraded, let (opcode, body) = nextFrame() {
            receive(opcode, body, context)
        }
    }

    private func upgrade(_ context: ChannelHandlerContext) {
        let text = String(buffer: buffer)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return }
        let line = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key:") }
        let key = line.map { String($0.drop { $0 != ":" }.dropFirst().filter { $0 != " " }) } ?? ""
        let digest = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        let accept = Data(digest).base64EncodedString()
        buffer.moveReaderIndex(forwardBy: text[..<end.upperBound].utf8.count)
        isUpgraded = true
        var out = ByteBuffer(
            string: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n")
        write(
            .frame(["type": "event", "event": "connect.challenge", "payload": ["nonce": "nonce-1", "ts": 1]]),
            into: &out)
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    }

    private func receive(_ opcode: UInt8, _ body: [UInt8], _ context: ChannelHandlerContext) {
        if opcode == 0xa { pongs.add(String(decoding: body, as: UTF8.self)) }
        guard opcode == 1, let json = try? JSONCoding.decode(JSONValue.self, from: body) else { return }
        var out = ByteBuffer()
        var closes = false
        for reply in script(
            json["method"]?.stringValue ?? "", json["id"]?.stringValue ?? "", json["params"] ?? .null)
        {
            write(reply, into: &out)
            if case .close = reply { closes = true }
        }
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
        if closes { context.close(promise: nil) }
    }

    private func write(_ reply: Reply, into out: inout ByteBuffer) {
        var body: [UInt8]
        switch reply {
        case .frame(let json):
            body = (try? JSONCoding.encode(json)) ?? []
            out.writeInteger(UInt8(0x81))
        case .ping:
            body = Array("are you there".utf8)
            out.writeInteger(UInt8(0x89))
        case .close(let code, let reason):
            body = [UInt8(code >> 8), UInt8(code & 255)] + Array(reason.utf8)
            out.writeInteger(UInt8(0x88))
        }
        if body.count < 126 {
            out.writeInteger(UInt8(body.count))
        } else {
            out.writeInteger(UInt8(126))
            out.writeInteger(UInt16(body.count))
        }
        out.writeBytes(body)
    }

    /// Client frames are masked; an unmasked one is passed over as nothing.
    private func nextFrame() -> (UInt8, [UInt8])? {
        let start = buffer.readerIndex
        guard let first = buffer.readInteger(as: UInt8.self), let second = buffer.readInteger(as: UInt8.self) else {
            buffer.moveReaderIndex(to: start)
            return nil
        }
        var length = Int(second & 0x7f)
        if length == 126 { length = buffer.readInteger(as: UInt16.self).map(Int.init) ?? Int.max }
        if length == 127 { length = buffer.readInteger(as: UInt64.self).map(Int.init) ?? Int.max }
        guard second & 0x80 != 0, let mask = buffer.readBytes(length: 4), length <= buffer.readableBytes,
            let body = buffer.readBytes(length: length)
        else {
            buffer.moveReaderIndex(to: start)
            return nil
        }
        return (first & 0x0f, body.enumerated().map { $1 ^ mask[$0 % 4] })
    }
}
