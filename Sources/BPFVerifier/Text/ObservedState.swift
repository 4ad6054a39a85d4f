package import BPFInstructions

/// The state before an instruction, as an observer sees it: numbers only, since there are many.
package struct ObservedState {
  /// The index of the instruction.
  package var instruction: Int
  /// The number of calls that are open: 0 in the entry function.
  package var depth: Int
  /// The registers of the function being walked, those that hold something.
  package var registers: [ObservedRegister]
  /// What is known of the stacks of all functions that are open.
  package var slots: [ObservedSlot]
}

/// Eight bytes of a stack of which something is known, as an observer sees them.
package struct ObservedSlot {
  /// The number of calls around the function whose stack it is.
  package var frame: Int
  /// The offset of the lowest byte from the frame pointer: -8, -16 and so on.
  package var offset: Int
  /// The bytes that are known to be zero, one bit each, that at the lowest address in the lowest bit.
  package var zeroBytes: UInt8
  /// The number of bytes of the register that was spilled, from the lowest address on; 0 for none.
  package var spillSize: Int
  /// The register that was spilled.
  package var spilled: ObservedRegister
}

/// A register as an observer sees it.
package struct ObservedRegister {
  /// What it holds.
  package enum Kind: Hashable, Sendable {
    case scalar
    case context
    /// A place on the stack of the frame with that many calls around it.
    case stack(frame: Int)
    case mapValue
    case packet
    case other
  }

  /// The register.
  package var register: Register
  /// What it holds.
  package var kind: Kind
  /// Whether it may be null.
  package var isNullable: Bool
  /// The constant part of a pointer's offset in bytes.
  package var offset: Int
  /// A scalar's value, or the variable part of a pointer's offset.
  package var number: ScalarNumber
  /// What it has in common with others, 0 for none. Scalars that have it are equal, each less its ``offset``.
  package var link: UInt32
  /// Whether that holds of the lower 32 bits alone.
  package var isLinkOf32Bits: Bool
  /// The bytes of the packet that were proven to be there, from where a pointer's offset is 0.
  package var packetRange: Int

  init(_ register: Register, _ state: RegisterState) {
    self.register = register
    kind = .init(state)
    isNullable = state.isNullable
    // A number's distance counts only where it is marked; it may be left from an earlier link.
    offset = state.kind == .scalar && state.id & RegisterState.linkFlag == 0 ? 0 : Int(state.offset)
    number = state.number
    link = state.linkID
    isLinkOf32Bits = state.id & RegisterState.linkFlag32 != 0
    packetRange = state.kind == .packet ? Int(max(state.range, 0)) : 0
  }
}

extension Exploration {
  func observe(_ observer: (ObservedState) -> Void) {
    var registers: [ObservedRegister] = []
    registers.reserveCapacity(Self.registerCount)
    for register in Register.allCases {
      let state = self[register]
      guard state.kind != .uninitialized else { continue }
      registers.append(ObservedRegister(register, state))
    }
    observer(ObservedState(instruction: instruction, depth: frame, registers: registers, slots: observedSlots))
  }

  private var observedSlots: [ObservedSlot] {
    var result: [ObservedSlot] = []
    for place in 0...frame {
      for number in 0..<Int(frames[place].slotCount) {
        let slot = slots[Self.slotPlace(place, number)]
        let zeroBytes = (0..<8).reduce(UInt8(0)) { $0 | (slot.byte($1) == .zero ? 1 << UInt8($1) : 0) }
        let spillSize = slot.isSpilled ? slot.spillSize : 0
        guard zeroBytes != 0 || spillSize != 0 else { continue }
        result.append(
          ObservedSlot(
            frame: place, offset: -8 * (number + 1), zeroBytes: zeroBytes, spillSize: spillSize,
            spilled: ObservedRegister(.r0, slot.register)))
      }
    }
    return result
  }
}

extension ObservedRegister.Kind {
  fileprivate init(_ state: RegisterState) {
    switch state.kind {
    case .scalar: self = .scalar
    case .context: self = .context
    case .stack: self = .stack(frame: Int(state.object))
    case .mapValue: self = .mapValue
    case .packet: self = .packet
    default: self = .other
    }
  }
}
