/// Identifiers outside of ASCII, as Rust writes them: RFC 3492 with an underscore for the dash.
enum Punycode {
  /// The text that some bytes stand for; `nil` when they are damaged.
  static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
    var scalars: [Unicode.Scalar] = []
    var digits = bytes
    if let separator = bytes.lastIndex(of: UInt8(ascii: "_")) {
      scalars = bytes[..<separator].map { Unicode.Scalar($0) }
      digits = bytes[(separator + 1)...]
    }
    guard !digits.isEmpty else { return nil }
    // The names of the algorithm's variables are those of the RFC.
    var n = 128
    var i = 0
    var bias = 72
    var isFirst = true
    while !digits.isEmpty {
      let old = i
      var weight = 1
      var k = 36
      while true {
        guard let byte = digits.popFirst(), let digit = digit(byte) else { return nil }
        let (sum, overflow) = i.addingReportingOverflow(digit.multipliedReportingOverflow(by: weight).partialValue)
        guard !overflow, sum <= Int(Int32.max) else { return nil }
        i = sum
        let threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias
        if digit < threshold { break }
        weight *= 36 - threshold
        guard weight <= Int(Int32.max) else { return nil }
        k += 36
      }
      let count = scalars.count + 1
      bias = adapt(i - old, count, isFirst)
      isFirst = false
      n += i / count
      i %= count
      guard let value = UInt32(exactly: n), let scalar = Unicode.Scalar(value) else { return nil }
      scalars.insert(scalar, at: i)
      i += 1
    }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: scalars)
    return String(result)
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a"))
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) + 26
    default: nil
    }
  }

  private static func adapt(_ delta: Int, _ count: Int, _ isFirst: Bool) -> Int {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var k = 0
    while delta > (36 - 1) * 26 / 2 {
      delta /= 36 - 1
      k += 36
    }
    return k + 36 * delta / (delta + 38)
  }
}
