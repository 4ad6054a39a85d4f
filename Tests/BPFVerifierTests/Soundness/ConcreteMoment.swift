import BPFExecution
import BPFInstructions
import BPFVerifier

/// A run before one of its instructions, to be held against what the verifier believes there.
struct ConcreteMoment {
  var step: ExecutionStep
  /// The frame pointer of each function that is open.
  var frames: [UInt64]
  var kernel: RandomKernel

  /// What is not as a state says, `nil` where all is.
  func problem(with state: ObservedState) -> String? {
    // Numbers with something in common: what each has less its own distance.
    var linked: [UInt32: UInt64] = [:]
    for known in state.registers {
      let value = step.registers[Int(known.register.rawValue)]
      let name = "r\(known.register.rawValue)"
      if let problem = problem(with: known, value, name, &linked) { return problem }
    }
    for slot in state.slots {
      let name = "the stack of frame \(slot.frame) at \(slot.offset)"
      guard let value = kernel.word(at: frames[slot.frame] &+ UInt64(bitPattern: Int64(slot.offset))) else {
        return "\(name) cannot be read"
      }
      for byte in 0..<8 where slot.zeroBytes >> UInt8(byte) & 1 == 1 && value >> UInt64(8 * byte) & 0xff != 0 {
        return "\(name) is \(value), and byte \(byte) of it not 0"
      }
      guard slot.spillSize > 0 else { continue }
      // Of a value that does not fit into what was written nothing is believed once it is read.
      let mask: UInt64 = slot.spillSize == 8 ? .max : 1 << UInt64(8 * slot.spillSize) - 1
      guard slot.spillSize == 8 || slot.spilled.kind == .scalar && slot.spilled.number.unsigned.maximum <= mask else {
        continue
      }
      if let problem = problem(with: slot.spilled, value & mask, name, &linked) { return problem }
    }
    return nil
  }

  private func problem(
    with known: ObservedRegister, _ value: UInt64, _ name: String, _ linked: inout [UInt32: UInt64]
  ) -> String? {
    guard covers(known, value) else {
      return "\(name) = \(value) is not \(known.kind), offset \(known.offset), \(known.number)"
    }
    if known.kind == .scalar, known.link != 0, !known.isLinkOf32Bits {
      let common = value &- UInt64(bitPattern: Int64(known.offset))
      if linked[known.link, default: common] != common {
        return "\(name) = \(value) has not \(linked[known.link] ?? 0) in common with others, but \(common)"
      }
      linked[known.link] = common
    }
    let base = value &- UInt64(bitPattern: Int64(known.offset))
    if known.packetRange > 0, base &+ UInt64(known.packetRange) > UInt64(kernel.packetEnd) {
      return "\(name) = \(value) has \(known.packetRange) bytes of a packet that ends at \(kernel.packetEnd)"
    }
    return nil
  }

  private func covers(_ known: ObservedRegister, _ value: UInt64) -> Bool {
    if known.isNullable, value == 0 { return true }
    // What a pointer with this value has as the variable part of its offset, from where it begins.
    func variablePart(from start: UInt64) -> UInt64 { value &- start &- UInt64(bitPattern: Int64(known.offset)) }
    switch known.kind {
    case .scalar: return known.number.contains(value)
    case .stack(let frame): return known.number.contains(variablePart(from: frames[frame]))
    // Each value is a region, which begins at the offset 0; a pointer may be in front of it as long as it is not used.
    case .mapValue:
      let offset = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
      return value != 0 && known.number.contains(offset &- UInt64(bitPattern: Int64(known.offset)))
    case .packet: return known.number.contains(variablePart(from: UInt64(RandomKernel.packetAddress)))
    case .context: return value != 0
    case .other: return true
    }
  }
}
