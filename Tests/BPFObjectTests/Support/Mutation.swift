import BPFInstructions
import BPFObject
import ELF

/// A generator of numbers that is the same on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }

  mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
}

/// A field of a file that a mutation may change.
struct MutableField {
  var offset: Int
  var byteCount: Int
}

/// A real object with the places of its fields, to be damaged in ways that get far into the reader.
struct MutationSubject {
  let name: String
  let bytes: [UInt8]
  let byteOrder: ByteOrder
  /// The fields by the table that they are in; each table is as likely as another, however many fields it has.
  private(set) var tables: [[MutableField]] = []

  init(name: String, bytes: [UInt8]) throws {
    self.name = name
    self.bytes = bytes
    let file = try ELFFile(parsing: bytes)
    byteOrder = file.byteOrder
    func record(_ start: Int, _ sizes: [Int]) -> [MutableField] {
      var offset = start
      return sizes.map { size in
        defer { offset += size }
        return MutableField(offset: offset, byteCount: size)
      }
    }
    func table(_ section: ELFSection, _ sizes: [Int]) -> [MutableField] {
      let (start, count) = (Int(section.offset), Int(section.byteCount))
      return stride(from: start, to: start + count, by: sizes.reduce(0, +)).flatMap { record($0, sizes) }
    }
    tables.append(record(16, [2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2]))
    let wanted = file.sections.filter { !$0.name.contains(".debug") && $0.name != ".llvm_addrsig" }
    let headers = Int(Self.read(bytes, 0x28, 8, byteOrder))
    tables.append(wanted.flatMap { record(headers + 64 * $0.index, [4, 4, 8, 8, 8, 8, 4, 4, 8, 8]) })
    for section in wanted where section.byteCount > 0 {
      switch section.type {
      case .symbolTable: tables.append(table(section, [4, 1, 1, 2, 8, 8]))
      case .relocations: tables.append(table(section, [8, 4, 4]))
      case .programBits where section.flags.contains(.execute): tables.append(table(section, [1, 1, 2, 4]))
      case .programBits: tables.append(table(section, [4]).filter { $0.offset + 4 <= bytes.count })
      case .stringTable: tables.append(table(section, [1]))
      default: break
      }
    }
  }

  private static func read(_ bytes: [UInt8], _ offset: Int, _ count: Int, _ byteOrder: ByteOrder) -> UInt64 {
    let part = bytes[offset..<offset + count]
    let ordered = byteOrder == .little ? Array(part.reversed()) : Array(part)
    return ordered.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The object with one to six things wrong.
  func mutated(_ random: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0...random.below(6) {
      guard !result.isEmpty else { break }
      switch random.below(12) {
      case 0: result[random.below(result.count)] ^= 1 << UInt8(random.below(8))
      case 1: result[random.below(result.count)] = UInt8(truncatingIfNeeded: random.next())
      case 2: result.removeLast(random.below(min(result.count, 200)))
      case 3 where random.below(8) == 0: result.removeLast(random.below(result.count))
      case 4:
        // A stretch of the file over another.
        let count = random.below(min(64, result.count))
        let (from, to) = (random.below(result.count - count), random.below(result.count - count))
        result.replaceSubrange(to..<to + count, with: Array(result[from..<from + count]))
      default: change(&result, &random)
      }
    }
    return result
  }

  private func change(_ result: inout [UInt8], _ random: inout SeededGenerator) {
    let table = random.pick(tables)
    guard !table.isEmpty else { return }
    let field = random.pick(table)
    guard field.offset + field.byteCount <= result.count else { return }
    let old = Self.read(result, field.offset, field.byteCount, byteOrder)
    let new: UInt64
    switch random.below(7) {
    case 0: new = old &+ UInt64(random.below(17)) &- 8
    case 1: new = old ^ 1 << UInt64(random.below(8 * field.byteCount))
    case 2:
      new = random.pick([0, 1, 2, 3, 4, 8, 0x10, 0x18, 0x40, 0x7fff, 0xff00, 0xffff, 0x7fff_ffff, 0xffff_ffff, .max])
    case 3: new = UInt64(random.below(64))
    case 4: new = UInt64(random.below(bytes.count + 64))
    case 5:
      // Another field of the same table, as a reference that exists and is wrong.
      let other = random.pick(table)
      guard other.offset + other.byteCount <= result.count else { return }
      new = Self.read(result, other.offset, other.byteCount, byteOrder)
    default: new = random.next()
    }
    for index in 0..<field.byteCount {
      let shift = UInt64(8 * (byteOrder == .little ? index : field.byteCount - 1 - index))
      result[field.offset + index] = UInt8(truncatingIfNeeded: new >> shift)
    }
  }
}
