/// Prints instructions in the syntax of LLVM's assembler and `llvm-objdump`.
///
///     Disassembler().text(of: .load(.word, .zero, .r0, base: .r1, offset: -4))   // "w0 = *(u32 *)(r1 - 4)"
///
/// What LLVM has no syntax for (references of 64-bit immediate loads, kinds of calls) is printed with the names of RFC
/// 9669 unless the style is `llvm`. ``Assembler`` reads all that the `annotated` style prints.
public struct Disassembler: Hashable, Sendable {
  /// How numbers are printed.
  public enum Radix: Hashable, Sendable {
    /// As `llvm-objdump --no-print-imm-hex` does.
    case decimal
    /// As `llvm-objdump --print-imm-hex` does, which is the default of later versions.
    case hexadecimal
  }

  /// Which names the value registers of loads and stores of less than 64 bits have.
  public enum MemoryRegisters: Hashable, Sendable {
    /// `w`, as LLVM prints for processors from `v3` on.
    case narrow
    /// `r`, as LLVM prints for `v1` and `v2`.
    case full
  }

  /// What is printed where LLVM's syntax leaves out a field.
  public enum Style: Hashable, Sendable {
    /// The field, so that the text assembles to the same slots.
    case annotated
    /// Nothing, exactly as `llvm-objdump` does.
    case llvm
  }

  /// How numbers are printed.
  public var radix: Radix
  /// Which names the value registers of narrow loads and stores have.
  public var memoryRegisters: MemoryRegisters
  /// What is printed where LLVM's syntax leaves out a field.
  public var style: Style
  /// Whether a call of a helper function is printed with its name instead of its number.
  public var helperNames: Bool

  /// A printer; without arguments for people and for ``Assembler``.
  public init(
    radix: Radix = .decimal, memoryRegisters: MemoryRegisters = .narrow, style: Style = .annotated,
    helperNames: Bool = false
  ) {
    self.radix = radix
    self.memoryRegisters = memoryRegisters
    self.style = style
    self.helperNames = helperNames
  }

  /// One line of a disassembly.
  public struct Line: Hashable, Sendable {
    /// The index of the instruction's first slot.
    public var index: Int
    /// The number of slots that the line stands for, one or two.
    public var slotCount: Int
    /// The instruction, or `<unknown>`.
    public var text: String
    /// Why the slot is not an instruction; nil where it is one.
    public var error: InstructionError?
  }

  /// A line for each instruction. A slot that is none is a line of its own, and the next slot is tried.
  ///
  /// `label` gives the name printed in angle brackets behind a jump for the index of its target.
  public func lines(of slots: [Instruction], label: (Int) -> String? = { _ in nil }) -> [Line] {
    var lines: [Line] = []
    lines.reserveCapacity(slots.count)
    var index = 0
    while index < slots.count {
      let line: Line
      do throws(InstructionError) {
        let instruction = try DecodedInstruction.decode(at: index, in: slots)
        var text = text(of: instruction)
        if let target = instruction.jumpTarget(at: index), let name = label(target) { text += " <\(name)>" }
        line = Line(index: index, slotCount: instruction.slotCount, text: text)
      } catch {
        line = Line(index: index, slotCount: 1, text: "<unknown>", error: error)
      }
      lines.append(line)
      index += line.slotCount
    }
    return lines
  }

  /// The program as a source text for ``Assembler``, with a label `L<index>` at each target of a jump, local call or
  /// function address that lies in the program.
  public func source(of slots: [Instruction]) throws(InstructionError) -> String {
    let instructions = try slots.decoded()
    let starts = Set(instructions.map(\.index))
    var targets: Set<Int> = []
    for (index, instruction) in instructions {
      if let target = instruction.target(at: index), starts.contains(target) { targets.insert(target) }
    }
    var text = ""
    for (index, instruction) in instructions {
      if targets.contains(index) { text += "L\(index):\n" }
      let label = instruction.target(at: index).flatMap { targets.contains($0) ? "L\($0)" : nil }
      text += "  \(self.text(of: instruction, target: label))\n"
    }
    return text
  }
}

extension DecodedInstruction {
  /// The index of the slot that a jump at an index goes to when it is taken; nil for what is no jump.
  public func jumpTarget(at index: Int) -> Int? {
    switch self {
    case .jumpIf(_, _, _, _, let offset), .goto(let offset), .mayGoto(let offset): index + 1 + Int(offset)
    case .gotoLong(let offset): index + 1 + Int(offset)
    default: nil
    }
  }

  /// The index of the slot that the instruction refers to: of a jump, a local call or a function's address.
  public func target(at index: Int) -> Int? {
    switch self {
    case .call(.local(let offset)), .loadWide(_, .function(let offset)): index + 1 + Int(offset)
    default: jumpTarget(at: index)
    }
  }
}

extension DecodedInstruction: CustomStringConvertible {
  /// The instruction in LLVM's syntax.
  public var description: String { Disassembler().text(of: self) }
}
