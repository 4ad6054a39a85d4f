package import BPFInstructions

/// The state before an instruction, as an observer sees it: numbers only, since there are many.
package struct ObservedState {
  /// The index of the instruction.
  package var instruction: Int
  /// The number of calls that are open: 0 in the entry function.
  package var depth: Int
  /// The registers of the function being walked, those that hold something.
  package var registers: [ObservedRegister]
}

/// A register as an observer sees it.
package struct ObservedRegister {
  /// What it holds.
  package enum Kind: Sendable {
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
}

extension Exploration {
  func observe(_ observer: (ObservedState) -> Void) {
    var registers: [ObservedRegister] = []
    registers.reserveCapacity(Self.registerCount)
    for register in Register.allCases {
      let state = self[register]
      guard state.kind != .uninitialized else { continue }
      registers.append(
        ObservedRegister(
          register: register, kind: .init(state), isNullable: state.isNullable, offset: Int(state.offset),
          number: state.number))
    }
    observer(ObservedState(instruction: instruction, depth: frame, registers: registers))
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
