import BPFInstructions

/// The assembler of the conformance vectors' dialect: `mov32 %r0, 1`, `ldxdw %r0, [%r1+2]`, `lock fetch add …`.
struct ConformanceAssembler {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private var slots: [Instruction] = []
  private var labels: [String: Int] = [:]
  private var jumps: [(slot: Int, label: String, inImmediate: Bool)] = []

  /// The slots of a program's text.
  static func assemble(_ text: String) throws -> [Instruction] {
    var assembler = ConformanceAssembler()
    for line in text.split(whereSeparator: \.isNewline) {
      do {
        try assembler.add(line)
      } catch {
        throw Failure(description: "\(line): \(error)")
      }
    }
    return try assembler.finish()
  }

  private mutating func add(_ line: Substring) throws {
    let code = line.prefix { $0 != "#" }
    var words = code.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init)
    guard var mnemonic = words.first else { return }
    words.removeFirst()
    if mnemonic.hasSuffix(":") {
      labels[String(mnemonic.dropLast())] = slots.count
      return
    }
    if mnemonic == "lock" {
      var fetches = false
      mnemonic = words.removeFirst()
      if mnemonic.hasPrefix("fetch") {
        fetches = true
        mnemonic = mnemonic == "fetch" ? words.removeFirst() : String(mnemonic.dropFirst("fetch_".count))
      }
      return try addAtomic(mnemonic, words, fetches: fetches)
    }
    if mnemonic == "exit" { labels["exit"] = slots.count }
    slots.append(try instruction(mnemonic, words))
    if mnemonic == "lddw" {
      let value = try number(words[1])
      slots.append(Instruction(opcode: 0, immediate: Int32(truncatingIfNeeded: value >> 32)))
    }
  }

  private func finish() throws -> [Instruction] {
    var slots = slots
    for (slot, label, inImmediate) in jumps {
      let distance: Int
      if label.hasPrefix("+") || label.hasPrefix("-") {
        distance = Int(try number(label))
      } else if let target = labels[label] {
        distance = target - slot - 1
      } else {
        throw Failure(description: "no label \(label)")
      }
      if inImmediate {
        slots[slot].immediate = Int32(distance)
      } else {
        slots[slot].offset = Int16(distance)
      }
    }
    return slots
  }

  private static let arithmetic: [String: (code: UInt8, offset: Int16)] = [
    "add": (0x00, 0), "sub": (0x10, 0), "mul": (0x20, 0), "div": (0x30, 0), "or": (0x40, 0), "and": (0x50, 0),
    "lsh": (0x60, 0), "rsh": (0x70, 0), "neg": (0x80, 0), "mod": (0x90, 0), "xor": (0xa0, 0), "mov": (0xb0, 0),
    "arsh": (0xc0, 0), "sdiv": (0x30, 1), "smod": (0x90, 1),
  ]
  private static let jumpCodes: [String: UInt8] = [
    "jeq": 0x10, "jgt": 0x20, "jge": 0x30, "jset": 0x40, "jne": 0x50, "jsgt": 0x60, "jsge": 0x70, "jlt": 0xa0,
    "jle": 0xb0, "jslt": 0xc0, "jsle": 0xd0,
  ]
  private static let sizes: [String: UInt8] = ["w": 0x00, "h": 0x08, "b": 0x10, "dw": 0x18]

  private mutating func instruction(_ mnemonic: String, _ operands: [String]) throws -> Instruction {
    let is32 = mnemonic.hasSuffix("32")
    let stem = is32 ? String(mnemonic.dropLast(2)) : mnemonic
    if let (code, offset) = Self.arithmetic[stem] {
      let destination = try register(operands[0])
      let kind: UInt8 = is32 ? 0x04 : 0x07
      guard operands.count > 1 else { return Instruction(opcode: code | kind, destination: destination) }
      if operands[1].hasPrefix("%") {
        return Instruction(
          opcode: code | 0x08 | kind, destination: destination, source: try register(operands[1]), offset: offset)
      }
      return Instruction(
        opcode: code | kind, destination: destination, offset: offset, immediate: try immediate(operands[1]))
    }
    if let code = Self.jumpCodes[stem] {
      let kind: UInt8 = is32 ? 0x06 : 0x05
      jumps.append((slots.count, operands[2], false))
      let destination = try register(operands[0])
      if operands[1].hasPrefix("%") {
        return Instruction(
          opcode: code | 0x08 | kind, destination: destination, source: try register(operands[1]))
      }
      return Instruction(opcode: code | kind, destination: destination, immediate: try immediate(operands[1]))
    }
    if mnemonic.hasPrefix("movsx") {
      let widths = mnemonic.dropFirst("movsx".count)
      guard let bits = Int16(widths.dropLast(2)) else { throw Failure(description: "unknown width") }
      return Instruction(
        opcode: widths.hasSuffix("64") ? 0xbf : 0xbc, destination: try register(operands[0]),
        source: try register(operands[1]), offset: bits)
    }
    for (prefix, opcode) in [("le", 0xd4), ("be", 0xdc), ("bswap", 0xd7), ("swap", 0xd7)] as [(String, UInt8)] {
      guard mnemonic.hasPrefix(prefix), let bits = Int32(mnemonic.dropFirst(prefix.count)) else { continue }
      return Instruction(opcode: opcode, destination: try register(operands[0]), immediate: bits)
    }
    for (prefix, opcode) in [("ldxs", 0x81), ("ldx", 0x61), ("stx", 0x63), ("st", 0x62)] as [(String, UInt8)] {
      guard mnemonic.hasPrefix(prefix), let size = Self.sizes[String(mnemonic.dropFirst(prefix.count))] else {
        continue
      }
      return try memoryInstruction(opcode | size, operands)
    }
    switch mnemonic {
    case "lddw":
      return Instruction(
        opcode: 0x18, destination: try register(operands[0]),
        immediate: Int32(truncatingIfNeeded: try number(operands[1])))
    case "ja", "ja32":
      jumps.append((slots.count, operands[0], mnemonic == "ja32"))
      return Instruction(opcode: mnemonic == "ja" ? 0x05 : 0x06)
    case "call":
      if operands[0] == "local" {
        jumps.append((slots.count, operands[1], true))
        return Instruction(opcode: 0x85, source: 1)
      }
      if operands[0].hasPrefix("%") { return Instruction(opcode: 0x8d, destination: try register(operands[0])) }
      return Instruction(opcode: 0x85, immediate: try immediate(operands[0]))
    case "exit": return Instruction(opcode: 0x95)
    default: throw Failure(description: "unknown mnemonic")
    }
  }

  private func memoryInstruction(_ opcode: UInt8, _ operands: [String]) throws -> Instruction {
    switch opcode & 0x07 {
    case 0x01:
      let (base, offset) = try place(operands[1])
      return Instruction(opcode: opcode, destination: try register(operands[0]), source: base, offset: offset)
    case 0x03:
      let (base, offset) = try place(operands[0])
      return Instruction(opcode: opcode, destination: base, source: try register(operands[1]), offset: offset)
    default:
      let (base, offset) = try place(operands[0])
      return Instruction(opcode: opcode, destination: base, offset: offset, immediate: try immediate(operands[1]))
    }
  }

  private mutating func addAtomic(_ mnemonic: String, _ operands: [String], fetches: Bool) throws {
    let is32 = mnemonic.hasSuffix("32")
    let codes: [String: Int32] = ["add": 0x00, "or": 0x40, "and": 0x50, "xor": 0xa0, "xchg": 0xe1, "cmpxchg": 0xf1]
    guard let code = codes[is32 ? String(mnemonic.dropLast(2)) : mnemonic] else {
      throw Failure(description: "unknown atomic operation")
    }
    let (base, offset) = try place(operands[0])
    slots.append(
      Instruction(
        opcode: is32 ? 0xc3 : 0xdb, destination: base, source: try register(operands[1]), offset: offset,
        immediate: code | (fetches ? 1 : 0)))
  }

  private func register(_ word: String) throws -> UInt8 {
    guard word.hasPrefix("%r"), let number = UInt8(word.dropFirst(2)) else {
      throw Failure(description: "no register: \(word)")
    }
    return number
  }

  /// `[%r1+2]` as register and offset.
  private func place(_ word: String) throws -> (UInt8, Int16) {
    guard word.hasPrefix("["), word.hasSuffix("]") else { throw Failure(description: "no address: \(word)") }
    let inner = word.dropFirst().dropLast()
    let name = inner.prefix { $0 != "+" && $0 != "-" }
    let offset = inner.dropFirst(name.count)
    return (try register(String(name)), offset.isEmpty ? 0 : Int16(try number(String(offset))))
  }

  private func immediate(_ word: String) throws -> Int32 { Int32(truncatingIfNeeded: try number(word)) }

  private func number(_ word: String) throws -> Int64 {
    let isNegative = word.hasPrefix("-")
    let digits = word.drop { $0 == "-" || $0 == "+" }
    let magnitude = digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
    guard let magnitude else { throw Failure(description: "no number: \(word)") }
    return isNegative ? 0 &- Int64(truncatingIfNeeded: magnitude) : Int64(truncatingIfNeeded: magnitude)
  }
}
