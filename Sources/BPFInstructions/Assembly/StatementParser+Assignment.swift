// What begins with a register: arithmetic, moves, loads and the atomic operations that give a value.

extension StatementParser {
  /// Longest first, so that `s>>=` is not read as something shorter.
  private static let operations = ArithmeticOperation.allCases.sorted { $0.symbol.utf8.count > $1.symbol.utf8.count }

  mutating func assignment(_ register: Register, _ width: OperandWidth) throws(AssemblerError) -> DecodedInstruction {
    guard let operation = Self.operations.first(where: { scanner.accept($0.symbol) }) else {
      throw expected("'=' or an assignment operator such as '+='")
    }
    guard operation == .move else { return .arithmetic(operation, width, register, try operand(width)) }
    if let negation = try negation(register, width) { return negation }
    if scanner.accept("(") { return try signExtendingMove(register, width) }
    if scanner.accept("*") { return try load(register, width) }
    if let source = try acceptRegister(width) { return .arithmetic(.move, width, register, .register(source)) }
    if let word = scanner.word() { return try function(word, register, width) }
    return try constant(register, width)
  }

  private mutating func negation(
    _ register: Register, _ width: OperandWidth
  ) throws(AssemblerError) -> DecodedInstruction? {
    var ahead = scanner
    guard ahead.accept("-"), ahead.word() != nil else { return nil }
    scanner = ahead
    try repeated(register, width)
    return .negate(width, register)
  }

  private mutating func signExtendingMove(
    _ register: Register, _ width: OperandWidth
  ) throws(AssemblerError) -> DecodedInstruction {
    let sizes: [String: MemorySize] =
      width == .bits64 ? ["s8": .byte, "s16": .half, "s32": .word] : ["s8": .byte, "s16": .half]
    guard let word = scanner.word(), let size = sizes[word] else {
      throw expected("one of \(sizes.keys.sorted().joined(separator: ", "))")
    }
    scanner.skip(word)
    try scanner.expect(")")
    return .moveSignExtended(width, from: size, register, try self.register(width))
  }

  private mutating func load(_ register: Register, _ width: OperandWidth) throws(AssemblerError) -> DecodedInstruction {
    let place = scanner
    let (size, fill) = try pointerType(signed: true)
    // A word register is what LLVM prints for narrow loads that extend with zeros, and only for those.
    if width == .bits32, size == .doubleWord || fill == .sign {
      throw place.error(.expected("'(u8 *)', '(u16 *)' or '(u32 *)' for a 32-bit register"))
    }
    guard scanner.word() == "skb" else {
      let (base, offset) = try address()
      return .load(size, fill, register, base: base, offset: offset)
    }
    guard register == .r0, width == .bits64 else { throw expected("an address; only r0 is loaded from a packet") }
    guard size != .doubleWord, fill == .zero else { throw place.error(.expected("'(u8 *)', '(u16 *)' or '(u32 *)'")) }
    scanner.skip("skb")
    try scanner.expect("[")
    let index = try acceptRegister(.bits64)
    let range = Int64(Int32.min)...Int64(Int32.max)
    let constant = index == nil ? try scanner.number(range) : try scanner.signedNumber(range)
    guard index != nil || constant != nil else { throw expected("a register or a number") }
    try scanner.expect("]")
    return .loadPacket(size, index, Int32(truncatingIfNeeded: constant ?? 0))
  }

  private mutating func constant(
    _ register: Register, _ width: OperandWidth
  ) throws(AssemblerError) -> DecodedInstruction {
    var ahead = scanner
    if width == .bits64, let value = try ahead.number(.min ... .max, wide: true), ahead.word() == "ll" {
      ahead.skip("ll")
      scanner = ahead
      return .loadWide(register, .constant(UInt64(bitPattern: value)))
    }
    guard let value = try immediate(width) else { throw expected("a register, a number or a memory operand") }
    return .arithmetic(.move, width, register, .immediate(value))
  }

  /// An operation that is written like a call of a function, and the byte swaps.
  private mutating func function(
    _ word: String, _ register: Register, _ width: OperandWidth
  ) throws(AssemblerError) -> DecodedInstruction {
    let place = scanner
    if width == .bits64, let (swap, size) = Self.byteSwaps[word] {
      scanner.skip(word)
      try repeated(register, .bits64)
      return .byteSwap(swap, size, register)
    }
    if let operation = AtomicOperation.allCases.first(where: { "atomic_fetch_\($0.name)" == word }),
      !operation.alwaysFetches
    {
      scanner.skip(word)
      return try fetch(operation, register, width)
    }
    switch (word, width) {
    case ("xchg_64", .bits64), ("xchg32_32", _), ("cmpxchg_64", .bits64), ("cmpxchg32_32", _):
      scanner.skip(word)
      return try exchange(
        register, width, size: word.hasSuffix("_64") ? .doubleWord : .word, compares: word.hasPrefix("cmp"))
    case ("load_acquire", _):
      scanner.skip(word)
      try scanner.expect("(")
      let type = scanner
      let (size, _) = try pointerType(signed: false)
      guard width == .bits64 || size != .doubleWord else {
        throw type.error(.expected("'(u8 *)', '(u16 *)' or '(u32 *)' for a 32-bit register"))
      }
      let (base, offset) = try address()
      try scanner.expect(")")
      return .loadAcquire(size, register, base: base, offset: offset)
    case ("addr_space_cast", .bits64):
      scanner.skip(word)
      return try addressSpaceCast(register)
    case ("map_by_fd", .bits64), ("map_by_idx", .bits64), ("map_val", .bits64), ("var_addr", .bits64),
      ("code_addr", .bits64):
      let value = try wideValue()
      guard scanner.word() == "ll" else { throw expected("'ll'") }
      scanner.skip("ll")
      return .loadWide(register, value)
    default:
      scanner = place
      throw expected("a register, a number, a memory operand or an operation")
    }
  }

  private static let byteSwaps: [String: (ByteSwap, MemorySize)] = {
    var names: [String: (ByteSwap, MemorySize)] = [:]
    for swap in ByteSwap.allCases {
      for size in MemorySize.allCases where size != .byte { names["\(swap.symbol)\(size.bitCount)"] = (swap, size) }
    }
    return names
  }()

  private mutating func fetch(
    _ operation: AtomicOperation, _ register: Register, _ width: OperandWidth
  ) throws(AssemblerError) -> DecodedInstruction {
    try scanner.expect("(")
    let place = scanner
    let (size, _) = try pointerType(signed: false)
    guard let operandWidth = size.atomicWidth, width == .bits64 || size == .word else {
      throw place.error(.expected(width == .bits32 ? "'(u32 *)'" : "'(u32 *)' or '(u64 *)'"))
    }
    let (base, offset) = try address()
    try scanner.expect(",")
    try repeated(register, width)
    try scanner.expect(")")
    return .atomic(operation, operandWidth, fetch: true, base: base, offset: offset, register)
  }

  private mutating func exchange(
    _ register: Register, _ width: OperandWidth, size: MemorySize, compares: Bool
  ) throws(AssemblerError) -> DecodedInstruction {
    let operandWidth: OperandWidth = size == .word ? .bits32 : .bits64
    try scanner.expect("(")
    let (base, offset) = try baseAndOffset()
    try scanner.expect(",")
    guard compares else {
      try repeated(register, width)
      try scanner.expect(")")
      return .atomic(.exchange, operandWidth, fetch: true, base: base, offset: offset, register)
    }
    try repeated(.r0, width)
    guard register == .r0 else { throw expected("a result in r0; only it is compared") }
    try scanner.expect(",")
    let source = try memoryRegister(size)
    try scanner.expect(")")
    return .atomic(.compareExchange, operandWidth, fetch: true, base: base, offset: offset, source)
  }

  private mutating func addressSpaceCast(_ register: Register) throws(AssemblerError) -> DecodedInstruction {
    try scanner.expect("(")
    let source = try self.register(.bits64)
    try scanner.expect(",")
    let place = scanner
    let to = try number(0...1)
    try scanner.expect(",")
    let from = try number(0...1)
    guard to != from else { throw place.error(.expected("two different address spaces, 0 and 1")) }
    try scanner.expect(")")
    return .castAddressSpace(
      register, source, to: UInt16(truncatingIfNeeded: to), from: UInt16(truncatingIfNeeded: from))
  }

  private mutating func wideValue() throws(AssemblerError) -> WideValue {
    let range = Int64(Int32.min)...Int64(Int32.max)
    let kind = scanner.word()
    if let kind { scanner.skip(kind) }
    try scanner.expect("(")
    switch kind {
    case "map_val":
      let map = try wideValue(of: ["map_by_fd", "map_by_idx"])
      try scanner.expect(")")
      let offset = Int32(truncatingIfNeeded: try scanner.signedNumber(range) ?? 0)
      return map.isIndex
        ? .mapIndexValue(index: map.number, offset: offset) : .mapValue(descriptor: map.number, offset: offset)
    case "var_addr":
      let type = Int32(truncatingIfNeeded: try number(range))
      let module = scanner.accept(",") ? Int32(truncatingIfNeeded: try number(range)) : 0
      try scanner.expect(")")
      return .variable(type: type, moduleDescriptor: module)
    case "code_addr":
      let offset = try longTarget()
      try scanner.expect(")")
      return .function(offset: offset)
    default:
      let number = Int32(truncatingIfNeeded: try number(range))
      try scanner.expect(")")
      return kind == "map_by_idx" ? .mapIndex(number) : .map(descriptor: number)
    }
  }

  /// The `map_by_fd(3)` within a `map_val(…)`.
  private mutating func wideValue(of kinds: [String]) throws(AssemblerError) -> (number: Int32, isIndex: Bool) {
    guard let kind = scanner.word(), kinds.contains(kind) else {
      throw expected(kinds.map { "'\($0)'" }.joined(separator: " or "))
    }
    scanner.skip(kind)
    try scanner.expect("(")
    let number = try number(Int64(Int32.min)...Int64(Int32.max))
    try scanner.expect(")")
    return (Int32(truncatingIfNeeded: number), kind == "map_by_idx")
  }
}
