/// Names of Rust's mangling version 0 (RFC 2603), which begin with `_R`.
///
/// A cursor walks the name and prints as it goes. Names that refer back to themselves could print without end, so depth,
/// steps and length have limits; a name that exceeds one, as one that is damaged, is no name.
struct RustName {
  /// The name is damaged, or exceeds a limit.
  struct Damaged: Error {}

  static let maximumDepth = 200
  static let maximumStepCount = 100_000
  static let maximumOutputLength = 1 << 16

  let bytes: [UInt8]
  var position = 0
  var output: [UInt8] = []
  /// How many lifetimes are bound around the cursor.
  var boundLifetimes: UInt64 = 0
  private var depth = 0
  private var steps = 0
  /// Whether what is parsed is printed: the crate that a generic function was instantiated in is not.
  private var isSilent = false
  private let isVerbose: Bool

  private init(_ bytes: [UInt8], isVerbose: Bool) {
    self.bytes = bytes
    self.isVerbose = isVerbose
  }

  /// What a name stands for; `nil` when it is none of Rust's.
  ///
  /// - Parameter isVerbose: whether the numbers that tell crates of one name apart are told, and the types of constants.
  static func demangle(_ name: String, isVerbose: Bool = false) -> String? {
    var bytes = Array(name.utf8)
    guard bytes.starts(with: Array("_R".utf8)), bytes.count > 2 else { return nil }
    bytes.removeFirst(2)
    // What LLVM and linkers append begins with a dot or a dollar sign, which the mangling has not.
    if let suffix = bytes.firstIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "$") }) {
      bytes.removeSubrange(suffix...)
    }
    guard let first = bytes.first, first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z"),
      bytes.allSatisfy({ $0 < 0x80 })
    else { return nil }
    var parser = RustName(bytes, isVerbose: isVerbose)
    do {
      try parser.printPath(inValue: true)
      if parser.position < bytes.count {
        parser.isSilent = true
        try parser.printPath(inValue: false)
      }
    } catch { return nil }
    guard parser.position == bytes.count else { return nil }
    return String(decoding: parser.output, as: UTF8.self)
  }
}

extension RustName {
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func take() throws(Damaged) -> UInt8 {
    guard let byte = next else { throw Damaged() }
    position += 1
    return byte
  }

  mutating func skip(_ letter: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: letter) else { return false }
    position += 1
    return true
  }

  mutating func print(_ text: String) throws(Damaged) {
    guard !isSilent else { return }
    output += text.utf8
    guard output.count <= Self.maximumOutputLength else { throw Damaged() }
  }

  /// Runs a step one level deeper.
  mutating func nested(_ body: (inout RustName) throws(Damaged) -> Void) throws(Damaged) {
    steps += 1
    depth += 1
    guard depth <= Self.maximumDepth, steps <= Self.maximumStepCount else { throw Damaged() }
    try body(&self)
    depth -= 1
  }

  /// Runs a step at the place that a back reference points to, which is always before the reference.
  mutating func atBackReference(_ body: (inout RustName) throws(Damaged) -> Void) throws(Damaged) {
    let start = position - 1
    let target = try base62Number()
    guard target < UInt64(start) else { throw Damaged() }
    guard !isSilent else { return }
    let resume = position
    position = Int(target)
    try nested(body)
    position = resume
  }

  /// A number in digits of base 62 that ends with an underscore; none is zero, and a digit `0` one.
  mutating func base62Number() throws(Damaged) -> UInt64 {
    if skip("_") { return 0 }
    var value: UInt64 = 0
    while true {
      let byte = try take()
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A") + 36
      case UInt8(ascii: "_"):
        guard value < .max else { throw Damaged() }
        return value + 1
      default: throw Damaged()
      }
      let (product, overflow) = value.multipliedReportingOverflow(by: 62)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { throw Damaged() }
      value = sum
    }
  }

  /// What follows a letter if the letter is there: a number, one greater than it says; else zero.
  mutating func optionalNumber(after letter: Unicode.Scalar) throws(Damaged) -> UInt64 {
    guard skip(letter) else { return 0 }
    let number = try base62Number()
    guard number < .max else { throw Damaged() }
    return number + 1
  }

  /// An identifier without the number that tells it apart.
  mutating func identifier() throws(Damaged) -> String {
    let isPunycode = skip("u")
    guard let first = next, (0x30...0x39).contains(first) else { throw Damaged() }
    var length = 0
    if first == 0x30 {
      position += 1
    } else {
      while let digit = next, (0x30...0x39).contains(digit) {
        length = length * 10 + Int(digit - 0x30)
        position += 1
        guard length <= bytes.count else { throw Damaged() }
      }
    }
    _ = skip("_")
    guard length <= bytes.count - position else { throw Damaged() }
    let text = bytes[position..<position + length]
    position += length
    guard isPunycode else { return String(decoding: text, as: UTF8.self) }
    guard let decoded = Punycode.decode(text) else { throw Damaged() }
    return decoded
  }
}

extension RustName {
  /// - Parameter inValue: whether generic arguments are written as those of a value, after `::`.
  mutating func printPath(inValue: Bool) throws(Damaged) {
    try nested { (name) throws(Damaged) in try name.printPathHere(inValue: inValue) }
  }

  private mutating func printPathHere(inValue: Bool) throws(Damaged) {
    switch try take() {
    case UInt8(ascii: "C"):
      let number = try optionalNumber(after: "s")
      try print(try identifier())
      if isVerbose && number > 0 { try print("[\(String(number, radix: 16))]") }
    case UInt8(ascii: "N"):
      let space = try take()
      try printPath(inValue: inValue)
      let number = try optionalNumber(after: "s")
      let text = try identifier()
      switch space {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        let kind =
          switch space {
          case UInt8(ascii: "C"): "closure"
          case UInt8(ascii: "S"): "shim"
          default: String(decoding: [space], as: UTF8.self)
          }
        try print("::{\(kind)\(text.isEmpty ? "" : ":\(text)")#\(number)}")
      case UInt8(ascii: "a")...UInt8(ascii: "z"):
        if !text.isEmpty { try print("::\(text)") }
      default: throw Damaged()
      }
    case UInt8(ascii: "M"): try printImplementation(ofTrait: false)
    case UInt8(ascii: "X"): try printImplementation(ofTrait: true)
    case UInt8(ascii: "Y"):
      try print("<")
      try printType()
      try print(" as ")
      try printPath(inValue: false)
      try print(">")
    case UInt8(ascii: "I"):
      try printPath(inValue: inValue)
      if inValue { try print("::") }
      try print("<")
      try printList { (name) throws(Damaged) in try name.printGenericArgument() }
      try print(">")
    case UInt8(ascii: "B"):
      try atBackReference { (name) throws(Damaged) in try name.printPath(inValue: inValue) }
    default: throw Damaged()
    }
  }

  private mutating func printImplementation(ofTrait hasTrait: Bool) throws(Damaged) {
    // Where the implementation stands says nothing that the type does not.
    _ = try optionalNumber(after: "s")
    let wasSilent = isSilent
    isSilent = true
    try printPath(inValue: false)
    isSilent = wasSilent
    try print("<")
    try printType()
    if hasTrait {
      try print(" as ")
      try printPath(inValue: false)
    }
    try print(">")
  }

  /// Prints what stands before an `E`, with commas between.
  mutating func printList(_ element: (inout RustName) throws(Damaged) -> Void) throws(Damaged) {
    try print(list: element, separator: ", ")
  }

  @discardableResult
  mutating func print(
    list element: (inout RustName) throws(Damaged) -> Void, separator: String
  ) throws(Damaged) -> Int {
    var count = 0
    while !skip("E") {
      if count > 0 { try print(separator) }
      try nested(element)
      count += 1
    }
    return count
  }

  private mutating func printGenericArgument() throws(Damaged) {
    if skip("L") {
      try printLifetime(try base62Number())
    } else if skip("K") {
      try printConstant(isNested: false)
    } else {
      try printType()
    }
  }

  /// The number counts outwards from the innermost binder; zero is a lifetime without a name.
  mutating func printLifetime(_ number: UInt64) throws(Damaged) {
    guard number > 0 else { return try print("'_") }
    guard number <= boundLifetimes else { throw Damaged() }
    let index = boundLifetimes - number
    if index < 26 {
      try print("'" + String(decoding: [UInt8(ascii: "a") + UInt8(index)], as: UTF8.self))
    } else {
      try print("'_\(index)")
    }
  }
}
