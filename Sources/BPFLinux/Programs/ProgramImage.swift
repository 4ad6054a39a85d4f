import BPFInstructions
import BPFObject
import BPFTypeFormat
import SystemPackage

/// A program with everything filled in that the object leaves to the engine, and the records that describe it.
struct ProgramImage {
  /// The slots.
  var instructions: [Instruction]
  /// `struct bpf_func_info` records: the first slot and the type of each function.
  var functions: [UInt32] = []
  /// `struct bpf_line_info` records: the slot, the offsets of file and text, line and column.
  var lines: [UInt32] = []
  /// The types of the modules whose functions it calls, which a call refers to by their place here, the first being 1
  /// (`fd_array`).
  private(set) var modules: [ModuleTypes] = []
  /// Weak kernel functions that are missing, by the number of the helper that stands for each.
  var missing: [Int32: String] = [:]

  /// The first number of helpers that stand for missing functions. There will never be as many helpers.
  private static let missingFunctionBase: Int32 = 2_000_000_000

  /// Resolves all references of a program.
  init(
    _ program: Program, maps: [String: LinuxMap], types: inout LoadableTypes?, kernel: LinuxKernel
  ) throws(BPFError) {
    instructions = program.instructions
    for (index, reference) in program.references.sorted(by: { $0.key < $1.key }) {
      try resolve(reference, at: index, in: program, maps, kernel)
    }
    describe(program, &types)
  }

  // MARK: References

  private mutating func resolve(
    _ reference: Program.Reference, at index: Int, in program: Program, _ maps: [String: LinuxMap],
    _ kernel: LinuxKernel
  ) throws(BPFError) {
    let subject = "program '\(program.name)', instruction \(index)"
    guard instructions.indices.contains(index), !instructions[index].isWideLoad || index + 1 < instructions.count
    else { throw .refusal(subject, "a reference is outside of the program") }
    func map(_ name: String) throws(BPFError) -> Int32 {
      guard let map = maps[name] else { throw .refusal(subject, "the object has no map '\(name)'") }
      return map.descriptor.rawValue
    }
    switch reference {
    case .map(let name): try load(.map(descriptor: try map(name)), at: index, subject)
    case .mapValue(let name, let offset):
      guard let offset = Int32(exactly: offset) else { throw .refusal(subject, "the offset \(offset) is too large") }
      try load(.mapValue(descriptor: try map(name), offset: offset), at: index, subject)
    case .function: break
    case .kernelFunction(let name, let isWeak):
      guard instructions[index].opcode == 0x85, instructions[index].source == 2 else {
        throw .refusal(subject, "it refers to kernel function '\(name)' and is no call of one")
      }
      if let type = try kernel.kernelFunction(named: name) {
        instructions[index].immediate = Int32(bitPattern: type.rawValue)
        instructions[index].offset = 0
      } else if let found = try module(named: name, .function, isWeak, kernel) {
        instructions[index].immediate = Int32(bitPattern: found.type.rawValue)
        instructions[index].offset = Int16(truncatingIfNeeded: place(of: found.module))
      } else if isWeak {
        let number = Self.missingFunctionBase + Int32(truncatingIfNeeded: missing.count)
        missing[number] = name
        instructions[index].source = 0
        instructions[index].offset = 0
        instructions[index].immediate = number
      } else {
        throw .refusal(
          subject, "this kernel has no function '\(name)'",
          advice: "declare it __weak and test for it with bpf_ksym_exists, or run a kernel that has it")
      }
    case .kernelSymbol(let name, let isWeak):
      let function = try kernel.kernelFunction(named: name)
      let variable = try kernel.kernelVariable(named: name)
      if let type = function ?? variable {
        try load(.variable(type: Int32(bitPattern: type.rawValue), moduleDescriptor: 0), at: index, subject)
      } else if let found = try module(named: name, .variable, isWeak, kernel) {
        _ = place(of: found.module)
        let type = Int32(bitPattern: found.type.rawValue)
        try load(
          .variable(type: type, moduleDescriptor: found.module.descriptor.rawValue), at: index, subject)
      } else if let address = try kernel.kernelAddress(of: essentialName(name)) {
        try load(.constant(address), at: index, subject)
      } else if isWeak {
        try load(.constant(0), at: index, subject)
      } else {
        throw .refusal(
          subject, "this kernel has no symbol '\(name)'", advice: "declare it __weak and test for its address")
      }
    }
  }

  /// What a module has by a name. Who may not list the modules does without what is weak.
  private func module(
    named name: String, _ kind: BTFKind, _ isWeak: Bool, _ kernel: LinuxKernel
  ) throws(BPFError) -> (type: BTFTypeID, module: ModuleTypes)? {
    do throws(BPFError) { return try kernel.moduleSymbol(named: name, kind: kind) } catch {
      guard error.errno == .notPermitted else { throw error }
      return nil
    }
  }

  /// The place of a module among those of the program.
  private mutating func place(of module: ModuleTypes) -> Int {
    if let index = modules.firstIndex(where: { $0.descriptor === module.descriptor }) { return index + 1 }
    modules.append(module)
    return modules.count
  }

  private mutating func load(_ value: WideValue, at index: Int, _ subject: String) throws(BPFError) {
    guard instructions[index].isWideLoad else { throw .refusal(subject, "it refers to a symbol and is no 64-bit load") }
    instructions[index].source = value.kind
    (instructions[index].immediate, instructions[index + 1].immediate) = value.immediates
  }

  // MARK: Records

  /// The kernel wants a type for every function or for none, and the first line at the first slot of each function.
  private mutating func describe(_ program: Program, _ types: inout LoadableTypes?) {
    guard var image = types, !program.functions.isEmpty, program.functions.allSatisfy({ $0.type != nil }) else {
      return
    }
    for function in program.functions {
      functions += [UInt32(truncatingIfNeeded: function.start), function.type?.rawValue ?? 0]
    }
    let starts = Set(program.lines.map(\.instruction))
    if program.functions.allSatisfy({ starts.contains($0.start) }) {
      var last = -1
      for line in program.lines where line.instruction > last && instructions.indices.contains(line.instruction) {
        last = line.instruction
        lines += [
          UInt32(truncatingIfNeeded: line.instruction), image.string(line.file), image.string(line.text),
          UInt32(truncatingIfNeeded: min(max(line.line, 0), 0x3f_ffff) << 10 | min(max(line.column, 0), 0x3ff)),
        ]
      }
    }
    types = image
  }
}
