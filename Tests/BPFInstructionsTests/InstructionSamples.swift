import BPFInstructions

/// Every form of every instruction, with operands at the ends of their ranges.
enum InstructionSamples {
  typealias Samples = [DecodedInstruction]

  static let registers: [(Register, Register)] = [(.r0, .r1), (.r10, .r9), (.r5, .r5)]
  static let immediates: [Int32] = [0, 1, -1, 255, .min, .max]
  static let offsets: [Int16] = [0, 1, -1, .min, .max]
  static let longOffsets: [Int32] = [0, 1, -1, .min, .max]

  static let all: Samples = {
    var samples = arithmetic()
    for part in [moves(), memory(), atomics(), wideLoads(), conditionalJumps(), otherJumps()] { samples += part }
    return samples
  }()

  static func arithmetic() -> Samples {
    var samples: Samples = []
    for width in OperandWidth.allCases {
      for operation in ArithmeticOperation.allCases {
        for (first, second) in registers { samples.append(.arithmetic(operation, width, first, .register(second))) }
        for number in immediates { samples.append(.arithmetic(operation, width, .r7, .immediate(number))) }
      }
      samples.append(.negate(width, .r3))
    }
    return samples
  }

  static func moves() -> Samples {
    var samples: Samples = [
      .castAddressSpace(.r1, .r2, to: 0, from: 1), .castAddressSpace(.r2, .r1, to: 1, from: 0),
      .moveSignExtended(.bits64, from: .word, .r1, .r2),
    ]
    for width in OperandWidth.allCases {
      for (first, second) in registers {
        samples.append(.moveSignExtended(width, from: .byte, first, second))
        samples.append(.moveSignExtended(width, from: .half, first, second))
      }
    }
    for swap in ByteSwap.allCases {
      for size in MemorySize.allCases where size != .byte { samples.append(.byteSwap(swap, size, .r4)) }
    }
    return samples
  }

  static func memory() -> Samples {
    var samples: Samples = []
    for size in MemorySize.allCases {
      for offset in offsets {
        for (first, second) in registers {
          samples.append(.load(size, .zero, first, base: second, offset: offset))
          samples.append(.store(size, base: first, offset: offset, .register(second)))
          samples.append(.loadAcquire(size, first, base: second, offset: offset))
          samples.append(.storeRelease(size, base: first, offset: offset, second))
          if size != .doubleWord { samples.append(.load(size, .sign, first, base: second, offset: offset)) }
        }
      }
      for number in immediates {
        samples.append(.store(size, base: .r10, offset: -8, .immediate(number)))
        if size == .doubleWord { continue }
        samples.append(.loadPacket(size, nil, number))
        samples.append(.loadPacket(size, .r6, number))
      }
    }
    return samples
  }

  static func atomics() -> Samples {
    var samples: Samples = []
    for width in OperandWidth.allCases {
      for operation in AtomicOperation.allCases {
        for fetch in operation.alwaysFetches ? [true] : [false, true] {
          for offset in offsets {
            for (base, source) in registers {
              samples.append(.atomic(operation, width, fetch: fetch, base: base, offset: offset, source))
            }
          }
        }
      }
    }
    return samples
  }

  static func wideLoads() -> Samples {
    var values: [WideValue] = []
    for constant: UInt64 in [0, 1, .max, 1 << 63, 0x0123_4567_89ab_cdef] { values.append(.constant(constant)) }
    for number in immediates {
      values.append(.map(descriptor: number))
      values.append(.mapIndex(number))
      values.append(.function(offset: number))
      values.append(.mapValue(descriptor: 3, offset: number))
      values.append(.mapIndexValue(index: number, offset: 8))
      values.append(.variable(type: number, moduleDescriptor: 0))
      values.append(.variable(type: 5, moduleDescriptor: number))
    }
    return values.map { .loadWide(.r8, $0) }
  }

  static func conditionalJumps() -> Samples {
    var samples: Samples = []
    for width in OperandWidth.allCases {
      for condition in JumpCondition.allCases {
        for (left, right) in registers {
          samples.append(.jumpIf(condition, width, left, .register(right), offset: 3))
        }
        for number in immediates {
          samples.append(.jumpIf(condition, width, .r2, .immediate(number), offset: -7))
        }
      }
    }
    return samples
  }

  static func otherJumps() -> Samples {
    var samples: Samples = [
      .call(.kernelFunction(type: 77, module: .max)), .call(.register(.r9)), .exit,
    ]
    for offset in offsets {
      samples.append(.goto(offset))
      samples.append(.mayGoto(offset))
      samples.append(.jumpIf(.equal, .bits64, .r1, .immediate(0), offset: offset))
    }
    for offset in longOffsets {
      samples.append(.gotoLong(offset))
      samples.append(.call(.local(offset)))
    }
    for number in immediates {
      samples.append(.call(.helper(number)))
      samples.append(.call(.kernelFunction(type: number, module: 0)))
    }
    return samples
  }
}
