internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension CodeTable {
  /// Decodes a program and checks its structure, in the order in which Linux finds faults.
  init(_ program: Program, types: BTF?) throws(Rejection) {
    let slots = program.instructions
    guard !slots.isEmpty, slots.count <= 1_000_000 else {
      throw Rejection(
        message: "", errno: slots.isEmpty ? .invalidArgument : .tooBig, instruction: nil,
        cause: .programSize(slots.count))
    }
    facts = [InstructionFacts](repeating: InstructionFacts(), count: slots.count)
    functions = []
    argumentCounts = [UInt8](repeating: 5, count: slots.count)
    var instructions: [DecodedInstruction?] = []
    instructions.reserveCapacity(slots.count)
    var fault: Rejection?
    let span = slots.span
    while instructions.count < slots.count {
      let index = instructions.count
      do {
        let instruction = try DecodedInstruction.decode(at: index, in: span)
        instructions.append(instruction)
        if instruction.slotCount == 2 { instructions.append(nil) }
      } catch {
        if fault == nil { fault = Self.rejection(of: error, slots[index]) }
        instructions.append(nil)
      }
    }
    self.instructions = instructions
    predecessors = Predecessors(instructions)
    try findFunctions(program, handler: Self.exceptionCallback(of: program, types))
    try checkBounds(slots)
    if !program.functions.isEmpty, program.functions.allSatisfy({ $0.type != nil }),
      program.functions.count != functions.count
    {
      throw Rejection(
        message: "number of funcs in func_info doesn't match number of subprogs", errno: .invalidArgument,
        instruction: nil, cause: .programSize(functions.count))
    }
    if let fault { throw fault }
  }

  private static func rejection(of error: InstructionError, _ slot: Instruction) -> Rejection {
    Rejection(
      message: message(of: error, slot), errno: .invalidArgument, instruction: error.index, cause: .invalidInstruction)
  }

  /// The kernel's words for a slot that is no instruction.
  private static func message(of error: InstructionError, _ slot: Instruction) -> String {
    let hexadecimal = String(slot.opcode, radix: 16)
    switch error.rule {
    case .unknownOpcode:
      return "unknown opcode \(hexadecimal.count < 2 ? "0" + hexadecimal : hexadecimal)"
    case .registerOutOfRange(_, let number): return "R\(number) is invalid"
    default:
      switch slot.opcode & 7 {
      case 0: return slot.isWideLoad ? "invalid bpf_ld_imm64 insn" : "BPF_LD_[ABS|IND] uses reserved fields"
      case 1: return "BPF_LDX uses reserved fields"
      case 2: return "BPF_ST uses reserved fields"
      case 3: return "BPF_STX uses reserved fields"
      case 4, 7:
        switch slot.opcode & 0xf0 {
        case 0x80: return "BPF_NEG uses reserved fields"
        case 0xb0: return "BPF_MOV uses reserved fields"
        case 0xd0: return "BPF_END uses reserved fields"
        default: return "BPF_ALU uses reserved fields"
        }
      default:
        switch slot.opcode & 0xf0 {
        case 0x00: return "BPF_JA uses reserved fields"
        case 0x80: return "BPF_CALL uses reserved fields"
        case 0x90: return "BPF_EXIT uses reserved fields"
        default: return "BPF_JMP/JMP32 uses reserved fields"
        }
      }
    }
  }

  // MARK: Functions

  /// Finds where functions begin: at the entry, where calls lead to, where addresses of functions are taken, and where
  /// exceptions go to.
  private mutating func findFunctions(
    _ program: Program, handler: @autoclosure () throws(Rejection) -> Int?
  ) throws(Rejection) {
    var starts = [0]
    for (index, instruction) in instructions.enumerated() {
      let target: Int
      switch instruction {
      case .call(.local(let offset)): target = index + 1 + Int(offset)
      case .loadWide(_, .function(let offset)): target = index + 1 + Int(offset)
      default: continue
      }
      guard instructions.indices.contains(target) else {
        throw Rejection(
          message: "call to invalid destination", errno: .invalidArgument, instruction: index,
          cause: .jumpOutOfRange(target: target))
      }
      starts.append(target)
    }
    let handler = try handler()
    if let handler { starts.append(handler) }
    if starts.count > 1 { starts = Set(starts).sorted() }
    guard starts.count <= 256 else {
      throw Rejection(
        message: "too many subprograms", errno: .tooBig, instruction: nil, cause: .programSize(starts.count))
    }
    for (position, start) in starts.enumerated() {
      let end = position + 1 < starts.count ? starts[position + 1] : instructions.count
      let known = program.functions.first { $0.start == start }
      functions.append(
        FunctionFacts(
          name: known?.name ?? (start == 0 ? program.name : ""), start: start, end: end,
          isGlobal: known.map { !$0.isStatic } ?? false, type: known?.type))
      if position > 0 { for index in start..<end { facts[index].function = Int32(position) } }
      if start == handler {
        functions[position].isExceptionCallback = true
        functions[position].isCallback = true
        functions[position].isAsynchronousCallback = true
      }
    }
  }

  /// The first instruction of the function that exceptions go to: a tag of the program's own function names it.
  private static func exceptionCallback(of program: Program, _ types: BTF?) throws(Rejection) -> Int? {
    let prefix = "exception_callback:"
    guard let types, let id = program.functions.first?.type else { return nil }
    let names = ((try? types.declarationTags(on: id, component: -1)) ?? []).filter { $0.hasPrefix(prefix) }
    guard let name = names.first?.dropFirst(prefix.count) else { return nil }
    func refused(_ message: String, _ errno: Int32 = .invalidArgument) -> Rejection {
      Rejection(message: message, errno: errno, instruction: nil, cause: .callback(String(name)))
    }
    if names.count > 1 { throw refused("multiple exception callback tags for main subprog", .exists) }
    guard let callback = types.first(named: String(name), kind: .function),
      case .function(_, let linkage)? = (try? types.type(callback))?.kind
    else { throw refused("exception callback '\(name)' could not be found in BTF", .noEntry) }
    guard linkage == .global else { throw refused("exception callback '\(name)' must have global linkage") }
    guard let start = program.functions.last(where: { $0.type == callback })?.start else {
      throw refused("exception callback type id not found in func_info")
    }
    guard start > 0, start < program.instructions.count else {
      throw refused("invalid exception callback insn_off in func_info: 0")
    }
    return start
  }

  /// Jumps stay within their function, whose last instruction does not run on.
  private func checkBounds(_ slots: [Instruction]) throws(Rejection) {
    for function in functions {
      for index in function.start..<function.end {
        guard let target = target(of: slots[index], at: index) else { continue }
        guard target >= function.start, target < function.end else {
          throw Rejection(
            message: "jump out of range from insn \(index) to \(target)", errno: .invalidArgument, instruction: index,
            cause: .jumpOutOfRange(target: target))
        }
      }
      let last = slots[function.end - 1].opcode
      guard last == 0x95 || last == 0x05 || last == 0x06 else {
        throw Rejection(
          message: "last insn is not an exit or jmp", errno: .invalidArgument, instruction: function.end - 1,
          cause: .fallsOffEnd)
      }
    }
  }

  /// The target of a slot that has the form of a jump, whatever else is wrong with it.
  private func target(of slot: Instruction, at index: Int) -> Int? {
    let kind = slot.opcode & 7
    guard kind == 5 || kind == 6 else { return nil }
    switch slot.opcode & 0xf0 {
    case 0x80, 0x90: return nil
    case 0x00 where kind == 6: return index + 1 + Int(slot.immediate)
    default: return index + 1 + Int(slot.offset)
    }
  }
}

extension Int32 {
  /// Error numbers as `BPF_PROG_LOAD` returns them, positive.
  static let notPermitted: Int32 = 1
  static let noEntry: Int32 = 2
  static let noProcess: Int32 = 3
  static let tooBig: Int32 = 7
  static let noMemory: Int32 = 12
  static let accessDenied: Int32 = 13
  static let exists: Int32 = 17
  static let fault: Int32 = 14
  static let invalidArgument: Int32 = 22
  static let notSupported: Int32 = 95
}
