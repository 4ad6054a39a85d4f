/// A small ELF image with code that nobody runs and frame rules that tests choose: one segment at address 0, and in it the
/// headers, a build id, `.eh_frame_hdr`, `.eh_frame`, and functions of 64 bytes each.
struct SyntheticImage {
  /// A function: the instructions of its FDE, `nil` where no rules are known of it.
  struct Function {
    var rules: [UInt8]?

    /// A frame of so many bytes, from the fourth byte of the function on.
    static func frame(_ byteCount: UInt8) -> Function { Function(rules: [0x44, 0x0e, byteCount]) }
    /// The outermost function: its return address is undefined.
    static let outermost = Function(rules: [0x07, 16])
    static let withoutRules = Function(rules: nil)
  }

  static let codeOffset = 0x1000
  static let functionSize = 0x40
  static let tableOffset = 0x200
  static let buildID = (1...20).map { UInt8($0) }

  /// The initial rules of all functions: the frame is above the return address, which is above the stack pointer.
  static let initialRules: [UInt8] = [0x0c, 7, 8, 0x80 | 16, 1]

  private(set) var bytes: [UInt8]
  private let hasIndex: Bool
  private let rulesOffset: Int

  /// - Parameter hasIndex: whether a program header tells where `.eh_frame_hdr` is.
  init(
    _ functions: [Function], initialRules: [UInt8] = initialRules, augmentation: String = "zR",
    augmentationData: [UInt8] = [0x1b], hasIndex: Bool = true, rulesOffset: Int = 0x400
  ) {
    self.hasIndex = hasIndex
    self.rulesOffset = rulesOffset
    bytes = [UInt8](repeating: 0, count: Self.codeOffset + functions.count * Self.functionSize)
    // `ET_DYN` for x86-64, three program headers behind the header.
    put([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], at: 0)
    put(3, 2, at: 16)
    put(62, 2, at: 18)
    put(64, 8, at: 32)
    put(64, 2, at: 52)
    put(56, 2, at: 54)
    put(3, 2, at: 56)
    header(0, type: 1, flags: 5, offset: 0, size: bytes.count)
    header(1, type: hasIndex ? 0x6474_e550 : 0, flags: 4, offset: Self.tableOffset, size: 0x200)
    header(2, type: 4, flags: 4, offset: 0x100, size: 36)
    put(4, 4, at: 0x100)
    put(20, 4, at: 0x104)
    put(3, 4, at: 0x108)
    put(Array("GNU\0".utf8) + Self.buildID, at: 0x10c)
    putRules(functions, initialRules, augmentation, augmentationData)
  }

  private mutating func header(_ index: Int, type: Int, flags: Int, offset: Int, size: Int) {
    let start = 64 + index * 56
    put(type, 4, at: start)
    put(flags, 4, at: start + 4)
    for place in [8, 16, 24] { put(offset, 8, at: start + place) }
    put(size, 8, at: start + 32)
    put(size, 8, at: start + 40)
  }

  private mutating func putRules(
    _ functions: [Function], _ initialRules: [UInt8], _ augmentation: String, _ augmentationData: [UInt8]
  ) {
    // The CIE: version, augmentation, alignments 1 and -8, return address, augmentation data, instructions.
    var common: [UInt8] = [0, 0, 0, 0, 1] + Array(augmentation.utf8) + [0, 1, 0x78, 16]
    if augmentation.hasPrefix("z") { common += [UInt8(augmentationData.count)] + augmentationData }
    common += initialRules
    while common.count % 4 != 0 { common.append(0) }
    var position = rulesOffset
    put(common.count, 4, at: position)
    put(common, at: position + 4)
    position += 4 + common.count
    var entries: [(address: Int, description: Int)] = []
    for (index, function) in functions.enumerated() {
      guard let rules = function.rules else { continue }
      let address = Self.codeOffset + index * Self.functionSize
      var description = [UInt8](repeating: 0, count: 12) + (augmentation.hasPrefix("z") ? [0] : []) + rules
      while description.count % 4 != 0 { description.append(0) }
      put(description.count, 4, at: position)
      put(description, at: position + 4)
      put(position + 4 - rulesOffset, 4, at: position + 4)
      put(address - (position + 8), 4, at: position + 8)
      put(Self.functionSize, 4, at: position + 12)
      entries.append((address, position))
      position += 4 + description.count
    }
    precondition(position <= Self.codeOffset)
    guard hasIndex else { return }
    precondition(Self.tableOffset + 12 + entries.count * 8 <= rulesOffset)
    put([1, 0x1b, 3, 0x3b], at: Self.tableOffset)
    put(rulesOffset - Self.tableOffset - 4, 4, at: Self.tableOffset + 4)
    put(entries.count, 4, at: Self.tableOffset + 8)
    for (index, entry) in entries.enumerated() {
      put(entry.address - Self.tableOffset, 4, at: Self.tableOffset + 12 + index * 8)
      put(entry.description - Self.tableOffset, 4, at: Self.tableOffset + 16 + index * 8)
    }
  }

  /// More bytes behind the functions, in the same segment.
  mutating func append(_ values: [UInt8]) {
    bytes += values
    header(0, type: 1, flags: 5, offset: 0, size: bytes.count)
  }

  mutating func put(_ values: [UInt8], at offset: Int) {
    bytes.replaceSubrange(offset..<offset + values.count, with: values)
  }

  mutating func put(_ value: Int, _ size: Int, at offset: Int) {
    put((0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }, at: offset)
  }

  /// The address in the file of a byte of a function.
  static func address(in function: Int, at offset: Int = 0x20) -> UInt64 {
    UInt64(codeOffset + function * functionSize + offset)
  }
}
