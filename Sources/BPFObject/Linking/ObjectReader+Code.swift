internal import BPFInstructions
internal import BPFTypeFormat
internal import ELF

extension ObjectReader {
  /// Decodes the sections of code and finds the functions in them.
  mutating func readCode() throws(ObjectError) {
    var copied = 0
    for section in sections({ $0.isCode }) {
      let contents = try elf.contents(of: section)
      copied += contents.count
      guard copied <= elf.file.count else {
        throw ObjectError(.malformed, section: section.name, "the sections of code overlap in the file")
      }
      var code = CodeSection(name: section.name)
      do throws(InstructionError) {
        code.instructions = try [Instruction](decoding: contents, byteOrder: elf.byteOrder)
      } catch {
        throw ObjectError(
          .malformed, section: section.name, offset: contents.count,
          "\(contents.count) bytes are not a whole number of instructions, which have \(Instruction.byteCount)")
      }
      code.relocations = relocations[section.index] ?? []
      try index(&code)
      self.code.sections[section.index] = code
    }
    try readFunctions()
  }

  /// Notes for each slot which relocation it has.
  private func index(_ code: inout CodeSection) throws(ObjectError) {
    code.relocationOfSlot = [UInt32](repeating: 0, count: code.instructions.count)
    for (number, relocation) in code.relocations.enumerated() where relocation.type != .none {
      let offset = Int(exactly: relocation.offset)
      let subject = "relocation \(number) against '\(elf.displayName(of: elf.symbols[relocation.symbol]))'"
      guard let offset, offset / Instruction.byteCount < code.instructions.count, offset % Instruction.byteCount == 0
      else {
        throw ObjectError(
          .relocation, section: code.name, offset: offset, subject: subject, "no instruction begins here")
      }
      let slot = offset / Instruction.byteCount
      guard code.relocationOfSlot[slot] == 0 else {
        throw ObjectError(
          .relocation, section: code.name, offset: offset, subject: subject,
          "the instruction has another relocation already")
      }
      code.relocationOfSlot[slot] = UInt32(truncatingIfNeeded: number + 1)
    }
  }

  private mutating func readFunctions() throws(ObjectError) {
    var found: [CodeFunction] = []
    for symbol in elf.symbols where symbol.type == .function {
      guard case .section(let index) = symbol.location, let section = code.sections[index] else { continue }
      guard let function = try function(symbol, index, section) else { continue }
      found.append(function)
    }
    found.sort { ($0.section, $0.start, $0.isStatic ? 1 : 0) < ($1.section, $1.start, $1.isStatic ? 1 : 0) }
    for (number, function) in found.enumerated() {
      // An alias shares the code of the function that comes first: of two the one that others may see.
      if code.sections[function.section]?.functionAtSlot[function.start] == nil {
        code.sections[function.section]?.functionAtSlot[function.start] = number
      }
    }
    code.functions = found
    let bySection = Dictionary(grouping: found, by: \.section)
    for section in sections({ $0 == .programs }) { try check(bySection[section.index] ?? [], in: section) }
  }

  private func function(
    _ symbol: ELFSymbol, _ index: Int, _ section: CodeSection
  ) throws(ObjectError) -> CodeFunction? {
    let subject = "function '\(symbol.name)'"
    let isEntry = roles[index] == .programs && symbol.binding != .local
    guard let start = Int(exactly: symbol.value), let count = Int(exactly: symbol.byteCount),
      start % Instruction.byteCount == 0, count % Instruction.byteCount == 0,
      start / Instruction.byteCount <= section.instructions.count,
      count / Instruction.byteCount <= section.instructions.count - start / Instruction.byteCount
    else {
      throw ObjectError(
        .program, section: section.name, offset: Int(exactly: symbol.value), subject: subject,
        "its \(symbol.byteCount) bytes from here are not whole instructions within the section's "
          + "\(section.instructions.count * Instruction.byteCount) bytes")
    }
    guard count > 0 else {
      // A function that nothing can reach has no code; only a program must have some.
      guard isEntry else { return nil }
      throw ObjectError(
        .program, section: section.name, offset: start, subject: "program '\(symbol.name)'", "it has no instructions",
        advice: "an assembler needs .size to know how many there are")
    }
    return CodeFunction(
      name: symbol.name, section: index, start: start / Instruction.byteCount, count: count / Instruction.byteCount,
      isEntry: isEntry, isStatic: symbol.isStatic)
  }

  /// A section of programs has a known name and at least one function that is a program.
  private func check(_ own: [CodeFunction], in section: ELFSection) throws(ObjectError) {
    do throws(UnknownSectionError) {
      _ = try ProgramKind(section: section.name)
    } catch {
      guard !own.isEmpty else { return }
      throw ObjectError(
        .unknownProgramSection, section: section.name, subject: own.first.map { "function '\($0.name)'" },
        "no program type has sections of this name", advice: error.advice)
    }
    guard !own.contains(where: \.isEntry) else { return }
    guard let first = own.first else {
      throw ObjectError(
        .program, section: section.name, "there is code and no symbol of a function",
        advice: "do not strip symbols; in assembly use .globl and .type name,@function")
    }
    throw ObjectError(
      .program, section: section.name, subject: "program '\(first.name)'", "the program is static",
      advice: "remove 'static': a program has to be a global function")
  }
}
