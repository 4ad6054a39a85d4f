extension RustName {
  private static let basicTypes: [UInt8: String] = {
    let rows: [(Unicode.Scalar, String)] = [
      ("b", "bool"), ("c", "char"), ("e", "str"), ("u", "()"), ("a", "i8"), ("s", "i16"), ("l", "i32"), ("x", "i64"),
      ("n", "i128"), ("i", "isize"), ("h", "u8"), ("t", "u16"), ("m", "u32"), ("y", "u64"), ("o", "u128"),
      ("j", "usize"), ("f", "f32"), ("d", "f64"), ("z", "!"), ("p", "_"), ("v", "..."),
    ]
    return Dictionary(uniqueKeysWithValues: rows.map { (UInt8(ascii: $0), $1) })
  }()

  mutating func printType() throws(Damaged) {
    try nested { (name) throws(Damaged) in try name.printTypeHere() }
  }

  private mutating func printTypeHere() throws(Damaged) {
    guard let letter = next else { throw Damaged() }
    if let basic = Self.basicTypes[letter] {
      position += 1
      return try print(basic)
    }
    position += 1
    switch letter {
    case UInt8(ascii: "R"): try printReference("&")
    case UInt8(ascii: "Q"): try printReference("&mut ")
    case UInt8(ascii: "P"):
      try print("*const ")
      try printType()
    case UInt8(ascii: "O"):
      try print("*mut ")
      try printType()
    case UInt8(ascii: "A"):
      try print("[")
      try printType()
      try print("; ")
      try printConstant(isNested: true)
      try print("]")
    case UInt8(ascii: "S"):
      try print("[")
      try printType()
      try print("]")
    case UInt8(ascii: "T"):
      try print("(")
      let count = try print(list: { (name) throws(Damaged) in try name.printType() }, separator: ", ")
      try print(count == 1 ? ",)" : ")")
    case UInt8(ascii: "F"):
      try withBinder { (name) throws(Damaged) in try name.printFunctionType() }
    case UInt8(ascii: "D"):
      try print("dyn ")
      try withBinder { (name) throws(Damaged) in
        try name.print(list: { (name) throws(Damaged) in try name.printDynamicTrait() }, separator: " + ")
      }
      guard skip("L") else { throw Damaged() }
      let lifetime = try base62Number()
      if lifetime > 0 {
        try print(" + ")
        try printLifetime(lifetime)
      }
    case UInt8(ascii: "B"):
      try atBackReference { (name) throws(Damaged) in try name.printType() }
    default:
      position -= 1
      try printPath(inValue: false)
    }
  }

  private mutating func printReference(_ sigil: String) throws(Damaged) {
    try print("&")
    if skip("L") {
      let lifetime = try base62Number()
      if lifetime > 0 {
        try printLifetime(lifetime)
        try print(" ")
      }
    }
    try print(String(sigil.dropFirst()))
    try printType()
  }

  /// Prints what lifetimes are bound here, and with them what follows.
  private mutating func withBinder(_ body: (inout RustName) throws(Damaged) -> Void) throws(Damaged) {
    let outer = boundLifetimes
    let count = try optionalNumber(after: "G")
    guard count <= 1024 else { throw Damaged() }
    if count > 0 {
      try print("for<")
      for index in 0..<count {
        if index > 0 { try print(", ") }
        boundLifetimes += 1
        try printLifetime(1)
      }
      try print("> ")
    }
    try body(&self)
    boundLifetimes = outer
  }

  private mutating func printFunctionType() throws(Damaged) {
    if skip("U") { try print("unsafe ") }
    if skip("K") {
      let convention = skip("C") ? "C" : try identifier()
      // Dashes of a convention's name are written as underscores.
      try print("extern \"\(String(convention.map { $0 == "_" ? "-" : $0 }))\" ")
    }
    try print("fn(")
    try printList { (name) throws(Damaged) in try name.printType() }
    try print(")")
    if !skip("u") {
      try print(" -> ")
      try printType()
    }
  }

  /// A trait with its associated types, which join its generic arguments: `Iterator<Item = u8>`.
  private mutating func printDynamicTrait() throws(Damaged) {
    var isOpen = try printPathLeavingArgumentsOpen()
    while skip("p") {
      try print(isOpen ? ", " : "<")
      isOpen = true
      try print(try identifier() + " = ")
      try printType()
    }
    if isOpen { try print(">") }
  }

  /// Prints a path; whether it has generic arguments, of which the closing bracket is left to print.
  private mutating func printPathLeavingArgumentsOpen() throws(Damaged) -> Bool {
    if skip("B") {
      var isOpen = false
      try atBackReference { (name) throws(Damaged) in isOpen = try name.printPathLeavingArgumentsOpen() }
      return isOpen
    }
    guard skip("I") else {
      try printPath(inValue: false)
      return false
    }
    try printPath(inValue: false)
    try print("<")
    try printList { (name) throws(Damaged) in
      if name.skip("L") {
        try name.printLifetime(try name.base62Number())
      } else if name.skip("K") {
        try name.printConstant(isNested: false)
      } else {
        try name.printType()
      }
    }
    return true
  }
}

extension RustName {
  /// A constant that is a generic argument or the length of an array.
  ///
  /// - Parameter isNested: whether it stands in another expression, where no braces are needed.
  mutating func printConstant(isNested: Bool) throws(Damaged) {
    try nested { (name) throws(Damaged) in try name.printConstantHere(isNested: isNested) }
  }

  private mutating func printConstantHere(isNested: Bool) throws(Damaged) {
    let type = try take()
    switch type {
    case UInt8(ascii: "p"): try print("_")
    case UInt8(ascii: "h"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "y"), UInt8(ascii: "o"),
      UInt8(ascii: "j"):
      try printInteger()
    case UInt8(ascii: "a"), UInt8(ascii: "s"), UInt8(ascii: "l"), UInt8(ascii: "x"), UInt8(ascii: "n"),
      UInt8(ascii: "i"):
      if skip("n") { try print("-") }
      try printInteger()
    case UInt8(ascii: "b"):
      switch try hexadecimalDigits() {
      case [UInt8(ascii: "0")]: try print("false")
      case [UInt8(ascii: "1")]: try print("true")
      default: throw Damaged()
      }
    case UInt8(ascii: "c"):
      guard let number = UInt32(String(decoding: try hexadecimalDigits(), as: UTF8.self), radix: 16),
        let scalar = Unicode.Scalar(number)
      else { throw Damaged() }
      try print("'\(Self.escaped(scalar, quote: "'"))'")
    case UInt8(ascii: "e"):
      // A `str` itself is what a reference to it points at.
      try print("*")
      try printText()
    case UInt8(ascii: "R"), UInt8(ascii: "Q"):
      if type == UInt8(ascii: "R"), skip("e") { return try printText() }
      try braced(isNested) { (name) throws(Damaged) in
        try name.print(type == UInt8(ascii: "R") ? "&" : "&mut ")
        try name.printConstant(isNested: true)
      }
    case UInt8(ascii: "A"):
      try braced(isNested) { (name) throws(Damaged) in
        try name.print("[")
        try name.printList { (name) throws(Damaged) in try name.printConstant(isNested: true) }
        try name.print("]")
      }
    case UInt8(ascii: "T"):
      try braced(isNested) { (name) throws(Damaged) in
        try name.print("(")
        let count = try name.print(
          list: { (name) throws(Damaged) in try name.printConstant(isNested: true) }, separator: ", ")
        try name.print(count == 1 ? ",)" : ")")
      }
    case UInt8(ascii: "V"):
      try braced(isNested) { (name) throws(Damaged) in
        try name.printPath(inValue: true)
        try name.printFields()
      }
    case UInt8(ascii: "B"):
      try atBackReference { (name) throws(Damaged) in try name.printConstant(isNested: isNested) }
    default: throw Damaged()
    }
  }

  private mutating func printFields() throws(Damaged) {
    switch try take() {
    case UInt8(ascii: "U"): break
    case UInt8(ascii: "T"):
      try print("(")
      try printList { (name) throws(Damaged) in try name.printConstant(isNested: true) }
      try print(")")
    case UInt8(ascii: "S"):
      try print(" { ")
      try printList { (name) throws(Damaged) in
        _ = try name.optionalNumber(after: "s")
        try name.print(try name.identifier() + ": ")
        try name.printConstant(isNested: true)
      }
      try print(" }")
    default: throw Damaged()
    }
  }

  private mutating func braced(
    _ isNested: Bool, _ body: (inout RustName) throws(Damaged) -> Void
  ) throws(Damaged) {
    if !isNested { try print("{") }
    try body(&self)
    if !isNested { try print("}") }
  }

  private mutating func hexadecimalDigits() throws(Damaged) -> [UInt8] {
    var digits: [UInt8] = []
    while true {
      let byte = try take()
      switch byte {
      case 0x30...0x39, 0x61...0x66: digits.append(byte)
      case UInt8(ascii: "_"): return digits
      default: throw Damaged()
      }
    }
  }

  private mutating func printInteger() throws(Damaged) {
    let digits = String(decoding: try hexadecimalDigits(), as: UTF8.self)
    if digits.isEmpty { return try print("0") }
    // What is wider than 64 bits is shown in base 16.
    if let value = UInt64(digits, radix: 16) { try print("\(value)") } else { try print("0x\(digits)") }
  }

  private mutating func printText() throws(Damaged) {
    let digits = try hexadecimalDigits()
    guard digits.count % 2 == 0 else { throw Damaged() }
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    try print("\"" + text.unicodeScalars.map { Self.escaped($0, quote: "\"") }.joined() + "\"")
  }

  private static func escaped(_ scalar: Unicode.Scalar, quote: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\\": "\\\\"
    case "\0": "\\0"
    case quote: "\\" + String(Character(scalar))
    case _ where scalar.properties.generalCategory == .control: "\\u{\(String(scalar.value, radix: 16))}"
    default: String(Character(scalar))
    }
  }
}
