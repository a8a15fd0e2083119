/// Text in columns; counts characters, not bytes.
enum Columns {
    /// `text` filled up to `width`; never cut.
    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
