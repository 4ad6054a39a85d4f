import BPFExecution
import BPFInstructions
import Testing

/// Loads, stores and atomic operations (RFC 9669, section 5).
@Suite struct MemoryTests {
  let machine: TestMachine
  let block: ProgramAddress

  init() throws {
    machine = try TestMachine()
    block = try machine.memory.allocate(byteCount: 64, name: "block")
  }

  private let pattern = (0..<64).map { UInt8(truncatingIfNeeded: $0 * 37 + 0x91) }

  /// The little-endian value of some bytes.
  private func value(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  @Test("loads of every size take little-endian bytes at any alignment and extend as they say")
  func loads() throws {
    #expect(machine.memory.write(pattern, at: block))
    for size in MemorySize.allCases {
      for fill in Extension.allCases where fill == .zero || size != .doubleWord {
        for start in 0..<16 {
          let program: [Instruction] = [
            .load(size, .r0, from: .r1, offset: Int16(start) - 8, extension: fill), .exit,
          ]
          let zeroExtended = value(pattern[start..<start + size.byteCount])
          let shift = 64 - size.bitCount
          let signExtended = UInt64(bitPattern: Int64(bitPattern: zeroExtended << shift) >> Int64(shift))
          let expected = fill == .zero ? zeroExtended : signExtended
          let result = try machine.run(program, r1: block + 8)
          if result != expected { Issue.record("\(size) \(fill) at \(start): \(result), not \(expected)") }
        }
      }
    }
  }

  @Test("stores of every size write their low bytes and no other")
  func stores() throws {
    for size in MemorySize.allCases {
      for start in 0..<9 {
        for (instruction, stored) in [
          (Instruction.store(size, .r2, to: .r1, offset: Int16(start)), 0xfedc_ba98_7654_3210 as UInt64),
          (Instruction.store(size, -2, to: .r1, offset: Int16(start)), UInt64(bitPattern: -2)),
        ] {
          #expect(machine.memory.write(pattern, at: block))
          _ = try machine.run([instruction, .exit], r1: block, r2: 0xfedc_ba98_7654_3210)
          var expected = pattern
          for index in 0..<size.byteCount { expected[start + index] = UInt8(truncatingIfNeeded: stored >> (8 * index)) }
          if machine.memory.read(block, byteCount: 64) != expected { Issue.record("\(size) at \(start)") }
        }
      }
    }
  }

  @Test("atomic operations change memory and fetch what was there, in both widths")
  func atomics() throws {
    let operands: [UInt64] = [0, 1, 0xffff_ffff, 0x8000_0000_0000_0000, 0x1234_5678_9abc_def0, .max]
    for operation in AtomicOperation.allCases {
      for width in OperandWidth.allCases {
        for fetch in [false, true] where fetch || !operation.alwaysFetches {
          for old in operands {
            for operand in operands {
              try check(operation, width, fetch: fetch, old: old, operand: operand, expected: old)
              try check(operation, width, fetch: fetch, old: old, operand: operand, expected: old &+ 1)
            }
          }
        }
      }
    }
  }

  private func check(
    _ operation: AtomicOperation, _ width: OperandWidth, fetch: Bool, old: UInt64, operand: UInt64, expected: UInt64
  ) throws {
    let mask: UInt64 = width == .bits64 ? .max : 0xffff_ffff
    #expect(machine.memory.store(old, at: block))
    // r0 holds the expected value; afterwards r0 and r2 go to the block behind the operand.
    let program: [Instruction] = [
      .move(.r0, .r3),
      .atomic(operation, .r2, at: .r1, fetch: fetch, width: width),
      .store(.doubleWord, .r0, to: .r1, offset: 8),
      .store(.doubleWord, .r2, to: .r1, offset: 16),
      .exit,
    ]
    _ = try machine.run(program, r1: block, r2: operand, r3: expected)
    let isEqual = old & mask == expected & mask
    let low: UInt64 =
      switch operation {
      case .add: old &+ operand
      case .or: old | operand
      case .and: old & operand
      case .xor: old ^ operand
      case .exchange: operand
      case .compareExchange: isEqual ? operand : old
      }
    let memory = low & mask | old & ~mask
    let r0 = operation == .compareExchange ? old & mask : expected
    let r2 = fetch && operation != .compareExchange ? old & mask : operand
    let found = (0..<3).compactMap { machine.memory.load(block + 8 * $0, as: UInt64.self) }
    if found != [memory, r0, r2] {
      Issue.record("\(operation) \(width) fetch \(fetch), \(old) with \(operand): \(found), not \([memory, r0, r2])")
    }
  }

  @Test("load-acquire and store-release move every size, zero-extended")
  func orderedAccesses() throws {
    for size in MemorySize.allCases {
      #expect(machine.memory.write(pattern, at: block))
      let program: [Instruction] = [
        .loadAcquire(size, .r0, from: .r1, offset: 8), .storeRelease(size, .r2, to: .r1, offset: 24), .exit,
      ]
      #expect(try machine.run(program, r1: block, r2: .max) == value(pattern[8..<8 + size.byteCount]))
      var expected = pattern
      for index in 0..<size.byteCount { expected[24 + index] = 0xff }
      #expect(machine.memory.read(block, byteCount: 64) == expected)
    }
  }

  @Test("an atomic operation that is not aligned to its size faults")
  func misalignedAtomics() throws {
    let cases: [(Instruction, Int)] = [
      (.atomic(.add, .r2, at: .r1, offset: 4), 8), (.atomic(.exchange, .r2, at: .r1, offset: 2, width: .bits32), 4),
      (.loadAcquire(.half, .r2, from: .r1, offset: 1), 2), (.storeRelease(.doubleWord, .r2, to: .r1, offset: 1), 8),
    ]
    for (instruction, byteCount) in cases {
      let fault = try machine.fault([instruction, .exit], r1: block)
      guard case .misalignedAtomic(let address, byteCount, _) = fault?.reason else {
        Issue.record("\(instruction): \(String(describing: fault))")
        continue
      }
      #expect(address == block + UInt64(instruction.offset))
    }
  }

  @Test("packet loads take network byte order, add the register, and end the program with 0 past the packet")
  func packetLoads() throws {
    machine.packet = [0x11, 0x22, 0x33, 0x44, 0x55]
    func load(_ opcode: UInt8, _ source: Register = .r0, _ immediate: Int32) -> Instruction {
      Instruction(opcode: opcode, source: source.rawValue, immediate: immediate)
    }
    let cases: [(Instruction, UInt64)] = [
      (load(0x20, .r0, 1), 0x2233_4455), (load(0x28, .r0, 3), 0x4455), (load(0x30, .r0, 4), 0x55),
      (load(0x40, .r7, -1), 0x2233_4455), (load(0x48, .r7, 1), 0x4455), (load(0x50, .r7, 0), 0x33),
    ]
    for (instruction, expected) in cases {
      #expect(try machine.run([.move(.r7, 2), instruction, .exit]) == expected)
    }
    #expect(try machine.run([.move(.r0, 5), load(0x20, .r0, 2), .move(.r0, 6), .exit]) == 0)
    for register in [Register.r1, .r2, .r3, .r4, .r5] {
      #expect(try machine.run([load(0x20, .r0, 1), .move(.r0, register), .exit]) == Interpreter.clobbered)
    }
    machine.packet = nil
    #expect(try machine.fault([load(0x20, .r0, 2), .exit])?.place?.instruction == 0)
  }
}
