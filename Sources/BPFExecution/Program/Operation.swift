import BPFInstructions

/// What a pre-decoded instruction does: dense, so that the interpreter's dispatch is one indexed jump.
///
/// The names say width, then the second operand. What differs only in an immediate is one case: `mov32` of an
/// immediate is `move64Immediate` of the zero-extended value.
enum Operation: UInt8 {
  /// The second slot of a 64-bit immediate load. Decoding makes sure that nothing jumps there.
  case secondHalf

  case add64Immediate, add64Register, add32Immediate, add32Register
  case subtract64Immediate, subtract64Register, subtract32Immediate, subtract32Register
  case multiply64Immediate, multiply64Register, multiply32Immediate, multiply32Register
  case divide64Immediate, divide64Register, divide32Immediate, divide32Register
  case modulo64Immediate, modulo64Register, modulo32Immediate, modulo32Register
  case signedDivide64Immediate, signedDivide64Register, signedDivide32Immediate, signedDivide32Register
  case signedModulo64Immediate, signedModulo64Register, signedModulo32Immediate, signedModulo32Register
  case or64Immediate, or64Register, or32Immediate, or32Register
  case and64Immediate, and64Register, and32Immediate, and32Register
  case xor64Immediate, xor64Register, xor32Immediate, xor32Register
  case shiftLeft64Immediate, shiftLeft64Register, shiftLeft32Immediate, shiftLeft32Register
  case shiftRight64Immediate, shiftRight64Register, shiftRight32Immediate, shiftRight32Register
  case arithmeticShiftRight64Immediate, arithmeticShiftRight64Register
  case arithmeticShiftRight32Immediate, arithmeticShiftRight32Register
  case negate64, negate32
  case move64Immediate, move64Register, move32Register
  case moveSigned8To64, moveSigned16To64, moveSigned32To64, moveSigned8To32, moveSigned16To32
  case swap16, swap32, swap64
  case truncate16, truncate32, keep64

  case load8, load16, load32, load64
  case loadSigned8, loadSigned16, loadSigned32
  case store8Immediate, store16Immediate, store32Immediate, store64Immediate
  case store8Register, store16Register, store32Register, store64Register
  // Accesses of the running function's stack frame at a fixed place within it, which need no check.
  case loadFrame8, loadFrame16, loadFrame32, loadFrame64
  case loadFrameSigned8, loadFrameSigned16, loadFrameSigned32
  case storeFrame8Immediate, storeFrame16Immediate, storeFrame32Immediate, storeFrame64Immediate
  case storeFrame8Register, storeFrame16Register, storeFrame32Register, storeFrame64Register
  // Accesses that were proven to lie within a region.
  case loadProven8, loadProven16, loadProven32, loadProven64
  case loadProvenSigned8, loadProvenSigned16, loadProvenSigned32
  case storeProven8Immediate, storeProven16Immediate, storeProven32Immediate, storeProven64Immediate
  case storeProven8Register, storeProven16Register, storeProven32Register, storeProven64Register
  // Loads that give zero where there is nothing to read.
  case probe8, probe16, probe32, probe64
  case probeSigned8, probeSigned16, probeSigned32
  case atomic32, atomic64
  case loadAcquire, storeRelease
  case loadWide
  case loadPacketAbsolute, loadPacketIndirect

  case jump
  case jumpEqual64Immediate, jumpEqual64Register, jumpEqual32Immediate, jumpEqual32Register
  case jumpNotEqual64Immediate, jumpNotEqual64Register, jumpNotEqual32Immediate, jumpNotEqual32Register
  case jumpSet64Immediate, jumpSet64Register, jumpSet32Immediate, jumpSet32Register
  case jumpGreater64Immediate, jumpGreater64Register, jumpGreater32Immediate, jumpGreater32Register
  case jumpGreaterOrEqual64Immediate, jumpGreaterOrEqual64Register
  case jumpGreaterOrEqual32Immediate, jumpGreaterOrEqual32Register
  case jumpLess64Immediate, jumpLess64Register, jumpLess32Immediate, jumpLess32Register
  case jumpLessOrEqual64Immediate, jumpLessOrEqual64Register, jumpLessOrEqual32Immediate, jumpLessOrEqual32Register
  case jumpSignedGreater64Immediate, jumpSignedGreater64Register
  case jumpSignedGreater32Immediate, jumpSignedGreater32Register
  case jumpSignedGreaterOrEqual64Immediate, jumpSignedGreaterOrEqual64Register
  case jumpSignedGreaterOrEqual32Immediate, jumpSignedGreaterOrEqual32Register
  case jumpSignedLess64Immediate, jumpSignedLess64Register, jumpSignedLess32Immediate, jumpSignedLess32Register
  case jumpSignedLessOrEqual64Immediate, jumpSignedLessOrEqual64Register
  case jumpSignedLessOrEqual32Immediate, jumpSignedLessOrEqual32Register
  case mayGoto

  case callHelper, callKernelFunction, callLocal, callRegister
  case exit
  case castAddressSpace
  /// Tells the environment about the instruction that follows; only in an `ObservedProgram`.
  case observe
}

extension Operation {
  /// The four forms of an operation on registers.
  typealias Forms = (immediate64: Operation, register64: Operation, immediate32: Operation, register32: Operation)

  /// The forms of an arithmetic operation.
  static func arithmetic(_ operation: ArithmeticOperation) -> Forms {
    switch operation {
    case .add: (.add64Immediate, .add64Register, .add32Immediate, .add32Register)
    case .subtract: (.subtract64Immediate, .subtract64Register, .subtract32Immediate, .subtract32Register)
    case .multiply: (.multiply64Immediate, .multiply64Register, .multiply32Immediate, .multiply32Register)
    case .divide: (.divide64Immediate, .divide64Register, .divide32Immediate, .divide32Register)
    case .signedDivide:
      (.signedDivide64Immediate, .signedDivide64Register, .signedDivide32Immediate, .signedDivide32Register)
    case .or: (.or64Immediate, .or64Register, .or32Immediate, .or32Register)
    case .and: (.and64Immediate, .and64Register, .and32Immediate, .and32Register)
    case .shiftLeft: (.shiftLeft64Immediate, .shiftLeft64Register, .shiftLeft32Immediate, .shiftLeft32Register)
    case .shiftRight: (.shiftRight64Immediate, .shiftRight64Register, .shiftRight32Immediate, .shiftRight32Register)
    case .modulo: (.modulo64Immediate, .modulo64Register, .modulo32Immediate, .modulo32Register)
    case .signedModulo:
      (.signedModulo64Immediate, .signedModulo64Register, .signedModulo32Immediate, .signedModulo32Register)
    case .xor: (.xor64Immediate, .xor64Register, .xor32Immediate, .xor32Register)
    case .move: (.move64Immediate, .move64Register, .move64Immediate, .move32Register)
    case .arithmeticShiftRight:
      (
        .arithmeticShiftRight64Immediate, .arithmeticShiftRight64Register,
        .arithmeticShiftRight32Immediate, .arithmeticShiftRight32Register
      )
    }
  }

  /// The forms of a conditional jump.
  static func jump(_ condition: JumpCondition) -> Forms {
    switch condition {
    case .equal: (.jumpEqual64Immediate, .jumpEqual64Register, .jumpEqual32Immediate, .jumpEqual32Register)
    case .greater: (.jumpGreater64Immediate, .jumpGreater64Register, .jumpGreater32Immediate, .jumpGreater32Register)
    case .greaterOrEqual:
      (
        .jumpGreaterOrEqual64Immediate, .jumpGreaterOrEqual64Register,
        .jumpGreaterOrEqual32Immediate, .jumpGreaterOrEqual32Register
      )
    case .anyBitSet: (.jumpSet64Immediate, .jumpSet64Register, .jumpSet32Immediate, .jumpSet32Register)
    case .notEqual:
      (.jumpNotEqual64Immediate, .jumpNotEqual64Register, .jumpNotEqual32Immediate, .jumpNotEqual32Register)
    case .signedGreater:
      (
        .jumpSignedGreater64Immediate, .jumpSignedGreater64Register,
        .jumpSignedGreater32Immediate, .jumpSignedGreater32Register
      )
    case .signedGreaterOrEqual:
      (
        .jumpSignedGreaterOrEqual64Immediate, .jumpSignedGreaterOrEqual64Register,
        .jumpSignedGreaterOrEqual32Immediate, .jumpSignedGreaterOrEqual32Register
      )
    case .less: (.jumpLess64Immediate, .jumpLess64Register, .jumpLess32Immediate, .jumpLess32Register)
    case .lessOrEqual:
      (
        .jumpLessOrEqual64Immediate, .jumpLessOrEqual64Register,
        .jumpLessOrEqual32Immediate, .jumpLessOrEqual32Register
      )
    case .signedLess:
      (.jumpSignedLess64Immediate, .jumpSignedLess64Register, .jumpSignedLess32Immediate, .jumpSignedLess32Register)
    case .signedLessOrEqual:
      (
        .jumpSignedLessOrEqual64Immediate, .jumpSignedLessOrEqual64Register,
        .jumpSignedLessOrEqual32Immediate, .jumpSignedLessOrEqual32Register
      )
    }
  }

  /// A load of a size; one of eight bytes is the same with either extension.
  static func load(_ size: MemorySize, _ fill: Extension) -> Operation {
    switch size {
    case .byte: fill == .zero ? .load8 : .loadSigned8
    case .half: fill == .zero ? .load16 : .loadSigned16
    case .word: fill == .zero ? .load32 : .loadSigned32
    case .doubleWord: .load64
    }
  }

  /// A store of a register's low bytes.
  static func storeRegister(_ size: MemorySize) -> Operation {
    switch size {
    case .byte: .store8Register
    case .half: .store16Register
    case .word: .store32Register
    case .doubleWord: .store64Register
    }
  }

  /// A store of a constant.
  static func storeImmediate(_ size: MemorySize) -> Operation {
    switch size {
    case .byte: .store8Immediate
    case .half: .store16Immediate
    case .word: .store32Immediate
    case .doubleWord: .store64Immediate
    }
  }
}
