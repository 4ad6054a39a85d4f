import BPFTypeFormat

/// Bytes of types, damaged in many ways, and everything that can be asked of what is still readable.
struct MutatedTypes {
  private var numbers: SeededNumbers
  private let corpus: [[UInt8]]
  private let sane: BTF
  /// Records of `.BTF.ext` to be damaged as well.
  private let records: [[UInt8]]
  /// How many blobs were opened in spite of the damage.
  private(set) var opened = 0
  /// How many questions were answered and how many ended in an error.
  private(set) var answers = 0
  private(set) var errors = 0

  init(seed: UInt64, corpus: [[UInt8]], records: [[UInt8]], sane: BTF) {
    numbers = SeededNumbers(seed: seed)
    self.corpus = corpus
    self.records = records
    self.sane = sane
  }

  /// Damages one blob and asks all questions of it.
  mutating func round() {
    guard let original = corpus.randomElement(using: &numbers) else { return }
    let bytes = mutated(original)
    guard let btf = try? BTF(parsing: bytes) else { return }
    opened += 1
    ask(btf)
    if let split = try? BTF(parsing: mutated(original), base: btf) { ask(split) }
  }

  private mutating func mutated(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...4, using: &numbers) where bytes.count > 28 {
      // The header has few bytes, and most changes there end everything: damage what follows more often.
      let start = Int.random(in: 0..<8, using: &numbers) == 0 ? 0 : 24
      let position = Int.random(in: start..<bytes.count - 4, using: &numbers)
      switch Int.random(in: 0..<8, using: &numbers) {
      case 0:
        bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
      case 1:
        bytes[position] = UInt8.random(in: 0...255, using: &numbers)
      case 2:
        bytes.removeLast(Int.random(in: 1...4, using: &numbers))
      case 3:
        let count = min(Int.random(in: 1...24, using: &numbers), bytes.count - position)
        let other = Int.random(in: 0...bytes.count - count, using: &numbers)
        bytes.replaceSubrange(other..<other + count, with: bytes[position..<position + count])
      default:
        // Words matter most: identifiers, sizes, offsets, kinds.
        let words: [UInt32] = [
          0, 1, 2, UInt32.random(in: 0..<64, using: &numbers), UInt32.random(in: 0..<64, using: &numbers),
          UInt32.random(in: 0...31, using: &numbers) << 24 | UInt32.random(in: 0...4, using: &numbers),
          0x8400_0002, 0xffff, 0x7fff_ffff, 0xffff_ffff, UInt32.random(in: 0...UInt32.max, using: &numbers),
        ]
        let word = words.randomElement(using: &numbers) ?? 0
        let aligned = position & ~3
        let isBig = bytes[0] == 0xeb
        for byte in 0..<4 {
          bytes[aligned + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * (isBig ? 3 - byte : byte)))
        }
      }
    }
    return bytes
  }

  private mutating func attempt(_ question: () throws -> Void) {
    do {
      try question()
      answers += 1
    } catch {
      _ = "\(error)"
      errors += 1
    }
  }

  private mutating func ask(_ btf: BTF) {
    var options = CPrinter.Options()
    options.limit = 1 << 16
    let printer = CPrinter(btf, options: options)
    let relocator = CORERelocator(local: btf, target: sane)
    let inverse = CORERelocator(local: sane, target: btf)
    let zeros = [UInt8](repeating: 0, count: 64)
    let sane = sane
    for id in btf.identifiers {
      attempt {
        _ = try btf.type(id)
        _ = btf.types(named: try btf.name(of: id))
        _ = try btf.declarationTags(on: id, component: 1)
      }
      attempt { _ = try btf.resolve(id) }
      attempt { _ = try btf.size(of: id) }
      attempt { _ = try btf.alignment(of: id) }
      attempt { _ = try SpecialFields.find(in: btf, value: id) }
      attempt { _ = try printer.definition(of: id) }
      attempt { _ = try printer.declaration(of: id, name: "x") }
      attempt { _ = try BTFValue(reading: zeros, as: id, in: btf).lines() }
      attempt { _ = try btf.encode("1", as: id) }
      attempt { _ = try relocator.relocate(type: id, access: "0:1", kind: .fieldByteOffset) }
      attempt { _ = try relocator.relocate(type: id, access: "0", kind: .typeMatches) }
      attempt { _ = try relocator.relocate(type: id, access: "0", kind: .enumeratorValue) }
    }
    for id in sane.identifiers {
      attempt { _ = try inverse.relocate(type: id, access: "0:0", kind: .fieldLeftShift) }
      attempt { _ = try inverse.relocate(type: id, access: "0", kind: .typeMatches) }
    }
    attempt { _ = try printer.header() }
    attempt { _ = try BTFBuilder(btf).encode() }
    if let original = records.randomElement(using: &numbers) {
      let damaged = mutated(original)
      attempt { _ = try BTFExtension(parsing: damaged, types: btf) }
      attempt { _ = try BTFExtension(parsing: damaged, types: sane) }
    }
  }
}
