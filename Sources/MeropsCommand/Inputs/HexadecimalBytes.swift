/// Bytes written as pairs of hexadecimal digits, with white space between them where one likes.
package struct HexadecimalBytes: Hashable, Sendable {
  /// The bytes.
  package var bytes: [UInt8]

  /// Reads a text; throws what is wrong and where.
  package init(parsing text: String, what: String) throws(CommandFailure) {
    bytes = []
    var high: UInt8?
    for (index, character) in text.enumerated() where !character.isWhitespace {
      guard let digit = character.hexDigitValue, character.isASCII else {
        throw CommandFailure(
          .usage, "\(what) has '\(character)' at character \(index + 1), which is no hexadecimal digit")
      }
      if let first = high {
        bytes.append(first << 4 | UInt8(digit))
        high = nil
      } else {
        high = UInt8(digit)
      }
    }
    guard high == nil else {
      throw CommandFailure(.usage, "\(what) has an odd number of hexadecimal digits: write two for each byte")
    }
  }
}
