/// Bytes on their way out, in pieces.
///
/// What goes wrong is kept, and what comes after it dropped, so that writers need not look at each step: `finish` tells.
struct ByteWriter {
  private var buffer: [UInt8] = []
  private var failure: ProfileWriteError?
  private let send: ([UInt8]) throws(ProfileWriteError) -> Void

  /// How many bytes are sent at a time.
  private static let pieceByteCount = 1 << 18

  /// - Parameter send: takes each piece.
  init(send: @escaping ([UInt8]) throws(ProfileWriteError) -> Void) {
    self.send = send
    buffer.reserveCapacity(Self.pieceByteCount + 4096)
  }

  /// Sends what is left, and throws what went wrong.
  mutating func finish() throws(ProfileWriteError) {
    flush()
    if let failure { throw failure }
  }

  private mutating func flush() {
    if failure == nil && !buffer.isEmpty {
      do throws(ProfileWriteError) { try send(buffer) } catch { failure = error }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  mutating func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.pieceByteCount { flush() }
  }

  mutating func write(_ bytes: [UInt8]) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.pieceByteCount { flush() }
  }

  mutating func write(byte: UInt8) {
    buffer.append(byte)
    if buffer.count >= Self.pieceByteCount { flush() }
  }

  /// A number in base 10.
  mutating func write(number: UInt64) {
    if number < 10 { return write(byte: UInt8(ascii: "0") + UInt8(number)) }
    var digits: InlineArray<20, UInt8> = InlineArray(repeating: 0)
    var count = 0
    var rest = number
    while rest > 0 {
      digits[count] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
      count += 1
    }
    while count > 0 {
      count -= 1
      buffer.append(digits[count])
    }
    if buffer.count >= Self.pieceByteCount { flush() }
  }

  mutating func write(number: Int) {
    if number < 0 { write(byte: UInt8(ascii: "-")) }
    write(number: UInt64(number.magnitude))
  }

  /// A number of thousandths of a thousandth, such as nanoseconds in milliseconds, with the digits behind the point that it
  /// needs.
  mutating func write(millionths number: UInt64) {
    write(number: number / 1_000_000)
    var rest = number % 1_000_000
    guard rest > 0 else { return }
    write(byte: UInt8(ascii: "."))
    var unit: UInt64 = 100_000
    while rest > 0 {
      write(byte: UInt8(ascii: "0") + UInt8(rest / unit))
      rest %= unit
      unit /= 10
    }
  }

  /// Text as JSON has it, in quotation marks.
  mutating func write(json text: String) {
    write(byte: UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        write(byte: UInt8(ascii: "\\"))
        write(byte: byte)
      case 0x0a: write("\\n")
      case 0x09: write("\\t")
      case 0x00..<0x20: write("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
      default: write(byte: byte)
      }
    }
    write(byte: UInt8(ascii: "\""))
  }

  /// Text as XML has it, between tags or in an attribute. Characters that XML has no way to write become U+FFFD.
  mutating func write(xml text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "<"): write("&lt;")
      case UInt8(ascii: ">"): write("&gt;")
      case UInt8(ascii: "&"): write("&amp;")
      case UInt8(ascii: "\""): write("&quot;")
      case UInt8(ascii: "'"): write("&#39;")
      case 0x09, 0x0a: write(byte: byte)
      case 0x00..<0x20, 0x7f: write("\u{fffd}")
      default: write(byte: byte)
      }
    }
  }

  /// Some values with commas between.
  mutating func write<Values: Sequence>(list values: Values, _ body: (inout ByteWriter, Values.Element) -> Void) {
    var isFirst = true
    for value in values {
      if !isFirst { write(byte: UInt8(ascii: ",")) }
      isFirst = false
      body(&self, value)
    }
  }
}
