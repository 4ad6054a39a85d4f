/// What an instruction in the kernel's notation reads and writes, as far as the history of a value needs it.
struct LoggedInstruction {
  /// The registers that it writes, by number.
  var writes: [Int] = []
  /// The registers that it reads.
  var reads: [Int] = []
  /// The memory that it writes.
  var store: MemoryAccess?
  /// The memory that it reads into a register.
  var load: MemoryAccess?
  /// Whether it gives a value on as it is: from register to register with all 64 bits, or to memory.
  var isMove = false
  /// The condition of a conditional jump, such as `r0 == 0x0`.
  var condition: Substring?
  /// Whether it calls a function, whose result is in R0.
  var isCall = false

  /// An access of memory through a register.
  struct MemoryAccess {
    /// The number of the register.
    var base: Int
    /// What is added to it.
    var offset: Int
    /// The number of bytes.
    var size: Int
  }

  /// Reads an instruction as the kernel prints it, without number and opcode.
  init(_ text: Substring) {
    if text.hasPrefix("call ") {
      isCall = true
      writes = [0, 1, 2, 3, 4, 5]
    } else if text.hasPrefix("if ") {
      let rest = text.dropFirst(3)
      condition = rest.firstRange(of: " goto").map { rest[..<$0.lowerBound] }
      reads = Self.registers(in: condition ?? rest)
    } else if text.hasPrefix("may_goto") {
      condition = text
    } else if text.hasPrefix("lock ") {
      reads = Self.registers(in: text)
      store = Self.memoryAccess(text.dropFirst("lock ".count))
    } else if let equals = text.firstRange(of: " = ") {
      assign(text[..<equals.lowerBound], text[equals.upperBound...])
    } else if let operation = Self.compoundAssignment(text) {
      // `r1 += r2` reads both.
      let target = text[..<operation.lowerBound]
      reads = Self.registers(in: text)
      if target.first == "r" || target.first == "w" { writes = Self.registers(in: target) }
    } else if text == "exit" {
      reads = [0]
    }
  }

  private mutating func assign(_ target: Substring, _ source: Substring) {
    reads = Self.registers(in: source)
    if target.hasPrefix("*") {
      store = Self.memoryAccess(target)
      reads = Self.registers(in: target) + reads
      isMove = true
    } else {
      writes = Self.registers(in: target)
      load = Self.memoryAccess(source)
      isMove = target.first == "r" && source.first == "r" && source.dropFirst().allSatisfy(\.isNumber)
    }
  }

  private static func compoundAssignment(_ text: Substring) -> Range<Substring.Index>? {
    guard let space = text.firstIndex(of: " "), let equals = text[space...].firstRange(of: "= ") else { return nil }
    return text.distance(from: space, to: equals.lowerBound) <= 4 ? space..<equals.upperBound : nil
  }

  /// The numbers of all registers that are named, each once.
  static func registers(in text: Substring) -> [Int] {
    var found: [Int] = []
    var previous: UInt8 = 0x20
    var bytes = text.utf8.makeIterator()
    var current = bytes.next()
    while let byte = current {
      current = bytes.next()
      let startsWord = !isWordByte(previous)
      previous = byte
      guard startsWord, [UInt8(ascii: "r"), UInt8(ascii: "w"), UInt8(ascii: "R")].contains(byte) else { continue }
      var number: Int?
      while let digit = current, (0x30...0x39).contains(digit) {
        number = min((number ?? 0) * 10 + Int(digit - 0x30), 99)
        previous = digit
        current = bytes.next()
      }
      if let number, number <= 10, current.map({ !isWordByte($0) }) ?? true, !found.contains(number) {
        found.append(number)
      }
    }
    return found
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x23: true
    default: false
    }
  }

  /// `*(u32 *)(r10 -16)`, or its like with a sign.
  private static func memoryAccess(_ text: Substring) -> MemoryAccess? {
    guard text.hasPrefix("*("), let type = text.dropFirst(2).firstRange(of: " *)("),
      text.last == ")" || text.contains(") ")
    else { return nil }
    let width = text.dropFirst(2)[..<type.lowerBound].dropFirst()
    let place = text[type.upperBound...].prefix { $0 != ")" }.split(separator: " ")
    guard let bits = Int(width), [8, 16, 32, 64].contains(bits), place.count == 2,
      let base = registers(in: place[0]).first, let offset = Int16(place[1])
    else { return nil }
    return MemoryAccess(base: base, offset: Int(offset), size: bits / 8)
  }
}
