internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension CodeTable {
  /// Computes which registers may be read from each instruction on: the classic backward data flow, by function.
  mutating func computeLiveRegisters() {
    var uses = [UInt16](repeating: 0, count: instructions.count)
    var definitions = [UInt16](repeating: 0, count: instructions.count)
    for (index, instruction) in instructions.enumerated() {
      guard let instruction else { continue }
      (uses[index], definitions[index]) = Self.registers(of: instruction, arguments: argumentCounts[index])
    }
    var waiting = SlotWorklist(instructions.indices)
    while let index = waiting.next() {
      guard instructions[index] != nil else { continue }
      let (next, target) = successors(of: index)
      var after: UInt16 = 0
      if let next, instructions.indices.contains(next) { after |= facts[next].liveBefore }
      if let target { after |= facts[target].liveBefore }
      let before = after & ~definitions[index] | uses[index]
      if before != facts[index].liveBefore {
        facts[index].liveBefore = before
        for source in predecessors[index] { waiting.add(source) }
      }
    }
  }

  /// The registers that an instruction reads and those that it writes, one bit each.
  private static func registers(
    of instruction: DecodedInstruction, arguments: UInt8
  ) -> (uses: UInt16, definitions: UInt16) {
    func bit(_ register: Register) -> UInt16 { 1 << UInt16(register.rawValue) }
    func bit(_ operand: Operand) -> UInt16 { if case .register(let register) = operand { bit(register) } else { 0 } }
    switch instruction {
    case .arithmetic(.move, _, let target, let source): return (bit(source), bit(target))
    case .arithmetic(_, _, let target, let source): return (bit(target) | bit(source), bit(target))
    case .negate(_, let target), .byteSwap(_, _, let target): return (bit(target), bit(target))
    case .moveSignExtended(_, _, let target, let source), .castAddressSpace(let target, let source, _, _):
      return (bit(source), bit(target))
    case .load(_, _, let target, let base, _), .loadAcquire(_, let target, let base, _):
      return (bit(base), bit(target))
    case .store(_, let base, _, let value): return (bit(base) | bit(value), 0)
    case .storeRelease(_, let base, _, let value): return (bit(base) | bit(value), 0)
    case .atomic(let operation, _, let fetches, let base, _, let value):
      if operation == .compareExchange { return (bit(base) | bit(value) | 1, 1) }
      return (bit(base) | bit(value), fetches ? bit(value) : 0)
    case .loadWide(let target, _): return (0, bit(target))
    case .loadPacket(_, let index, _): return (1 << 6 | (index.map(bit) ?? 0), 0x3f)
    case .jumpIf(_, _, let left, let right, _): return (bit(left) | bit(right), 0)
    case .goto, .gotoLong, .mayGoto: return (0, 0)
    case .call: return (UInt16((1 << (arguments + 1)) - 2), 0x3f)
    case .exit: return (1, 0)
    }
  }
}
