internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// The way from the entry to the current instruction: its last instructions, newest first, and its last decisions,
  /// oldest first.
  func walkedWay() -> (instructions: [Int], decisions: [Rejection.BranchDecision]) {
    var instructions: [Int] = []
    var decisions: [Rejection.BranchDecision] = []
    var state = parent
    var first = Int(firstInstruction)
    var index = instruction
    var place = -1
    var remaining = history.count
    let limit = 100_000
    walk: while instructions.count < limit {
      while instructions.count < limit {
        instructions.append(index)
        guard let previous = previousInstruction(place, &remaining, first, index), previous >= 0,
          previous < code.instructions.count
        else { break }
        note(previous, index, &decisions)
        index = previous
      }
      guard state >= 0 else { break }
      let record = states[Int(state)]
      let last = Int(record.lastInstruction)
      guard last >= 0 else { break walk }
      note(last, index, &decisions)
      index = last
      first = Int(record.firstInstruction)
      place = record.history
      remaining = Int(record.historyCount)
      state = record.parent
    }
    return (instructions, decisions.reversed())
  }

  private func note(_ previous: Int, _ next: Int, _ decisions: inout [Rejection.BranchDecision]) {
    guard decisions.count < Rejection.maximumPathLength, case .jumpIf? = code.instructions[previous] else { return }
    decisions.append(Rejection.BranchDecision(instruction: previous, isTaken: next != previous + 1))
  }

  /// Where the values of the registers that a check looked at come from.
  func origins(_ way: [Int], _ cause: Rejection.Cause) -> [Rejection.Origin] {
    var registers = cause.registers
    if registers.isEmpty, !way.isEmpty, let current = code.instructions[way[0]] {
      registers = Self.inputs(of: current)
    }
    return registers.compactMap { register in
      let instructions = origin(of: register, way)
      return instructions.isEmpty ? nil : Rejection.Origin(register: register, instructions: instructions)
    }
  }

  /// Follows a register backwards along the way within its function and those that it was copied through.
  private func origin(of register: Register, _ way: [Int]) -> [Int] {
    var wanted: Set<UInt8> = [register.rawValue]
    var slots: Set<Int> = []
    var result: [Int] = []
    var depth = 0
    for index in way.dropFirst() {
      guard !wanted.isEmpty || !slots.isEmpty, result.count < 64 else { break }
      guard let instruction = code.instructions[index] else { continue }
      // Functions that were called and came back are passed over, save for their result.
      if case .exit = instruction {
        depth += 1
        continue
      }
      if case .call(.local) = instruction, depth > 0 { depth -= 1 }
      guard depth == 0 else { continue }
      follow(instruction, index, &wanted, &slots, &result)
    }
    return result
  }

  private func follow(
    _ instruction: DecodedInstruction, _ index: Int, _ wanted: inout Set<UInt8>, _ slots: inout Set<Int>,
    _ result: inout [Int]
  ) {
    switch instruction {
    case .arithmetic(let operation, _, let target, let source):
      guard wanted.contains(target.rawValue) else { return }
      result.append(index)
      if operation == .move { wanted.remove(target.rawValue) }
      if case .register(let source) = source, source != .r10 { wanted.insert(source.rawValue) }
    case .moveSignExtended(_, _, let target, let source):
      guard wanted.contains(target.rawValue) else { return }
      result.append(index)
      wanted.remove(target.rawValue)
      wanted.insert(source.rawValue)
    case .negate(_, let target), .byteSwap(_, _, let target):
      if wanted.contains(target.rawValue) { result.append(index) }
    case .load(_, _, let target, let base, let offset):
      guard wanted.contains(target.rawValue) else { return }
      result.append(index)
      wanted.remove(target.rawValue)
      if base == .r10 { slots.insert(Int(offset)) }
    case .loadWide(let target, _):
      if wanted.remove(target.rawValue) != nil { result.append(index) }
    case .store(_, .r10, let offset, let value):
      guard slots.remove(Int(offset)) != nil else { return }
      result.append(index)
      if case .register(let source) = value { wanted.insert(source.rawValue) }
    case .jumpIf(_, _, let left, let right, _):
      if wanted.contains(left.rawValue) {
        result.append(index)
      } else if case .register(let source) = right, wanted.contains(source.rawValue) {
        result.append(index)
      }
    case .call, .loadPacket:
      if wanted.contains(0) { result.append(index) }
      for register in 0...5 as ClosedRange<UInt8> { wanted.remove(register) }
    default: break
    }
  }

  private static func inputs(of instruction: DecodedInstruction) -> [Register] {
    switch instruction {
    case .arithmetic(_, _, let target, .register(let source)): [target, source]
    case .arithmetic(_, _, let target, .immediate): [target]
    case .load(_, _, _, let base, _): [base]
    case .store(_, let base, _, .register(let value)): [base, value]
    case .store(_, let base, _, .immediate): [base]
    case .call: [.r1, .r2, .r3, .r4, .r5]
    case .exit: [.r0]
    default: []
    }
  }
}

extension Rejection.Cause {
  /// The registers that the check looked at.
  var registers: [Register] {
    switch self {
    case .uninitializedRegister(let register), .pointerArithmetic(let register, _), .unboundedOffset(let register),
      .pointerLeak(let register), .notMemory(let register, _), .possiblyNull(let register, _),
      .outOfBounds(let register, _), .negativeMinimum(let register, _), .unboundedMaximum(let register, _),
      .changedContext(let register), .misaligned(let register, _), .readOnlyMemory(let register),
      .argument(let register, _, _), .notAcquired(let register):
      [register]
    case .mismatchedMap(let field, let map): [field, map]
    case .returnValue: [.r0]
    default: []
    }
  }
}
