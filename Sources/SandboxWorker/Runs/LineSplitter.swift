import NIOCore

/// Lines out of a byte stream, with a longest line. A value, no I/O.
struct LineSplitter {
    struct TooLong: Error, Equatable {}

    let maximumLine: Int
    private var buffer = ByteBuffer()
    /// Bytes of `buffer` that are known to hold no line end, so that no byte is looked at twice.
    private var searched = 0

    init(maximumLine: Int) {
        self.maximumLine = maximumLine
    }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
            searched = 0
        } else {
            var bytes = bytes
            buffer.discardReadBytes()
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next line without its end, nil when more bytes are needed.
    mutating func next() throws(TooLong) -> ByteBuffer? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            guard searched <= maximumLine else { throw TooLong() }
            return nil
        }
        let length = end - view.startIndex
        guard length <= maximumLine else { throw TooLong() }
        searched = 0
        let line = buffer.readSlice(length: length)
        buffer.moveReaderIndex(forwardBy: 1)
        return line
    }

    /// What follows the last line end, once the stream is over.
    mutating func rest() -> ByteBuffer? {
        defer { buffer = ByteBuffer() }
        return buffer.readableBytes > 0 && buffer.readableBytes <= maximumLine ? buffer : nil
    }
}
