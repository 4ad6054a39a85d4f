import BPFExecution
import BPFInstructions
import Testing

/// What ends a run before its exit.
@Suite struct FaultTests {
  let machine: TestMachine
  let block: ProgramAddress
  let frozen: ProgramAddress
  let released: ProgramAddress

  init() throws {
    machine = try TestMachine()
    block = try machine.memory.allocate(byteCount: 64, name: "block")
    frozen = try machine.memory.allocate(byteCount: 32, writable: 8, name: "frozen map")
    released = try machine.memory.allocate(byteCount: 16, name: "ring buffer record")
    machine.memory.unmap(released)
  }

  @Test("an access out of bounds says what is there, and how far off it is")
  func outOfBounds() throws {
    let cases: [(UInt64, MemorySize, String)] = [
      (block + 57, .doubleWord, "offset 57 of block (64 bytes), reaching 1 byte past its end"),
      (block + 64, .byte, "the end of block (64 bytes)"),
      (block + 65, .word, "1 byte past the end of block (64 bytes)"),
      (block + 72, .word, "8 bytes past the end of block (64 bytes)"),
      (block &- 1, .byte, "1 byte before the start of block"),
      (block &- 8, .doubleWord, "8 bytes before the start of block"),
      (released, .byte, "offset 0 of ring buffer record, which has been released"),
      (0, .doubleWord, "a null pointer"),
      (16, .word, "offset 16 of a null pointer"),
      (0x7fff_1234_5678, .byte, "user memory"),
      (.function(3), .byte, "the function at instruction 3"),
      (.region(0), .byte, "no region"),
      (.region(0, offset: 64), .byte, "no region"),
      (.region(0x7fff), .byte, "no region"),
      (.region(0x7ffe, offset: .max), .doubleWord, "no region"),
      (.max, .byte, "no region"),
      (0xfffe_8000_0000_0000, .byte, "no address of this program"),
      (0x8000_0000_0000_0000, .byte, "no address of this program"),
      (0x0001_8000_0000_0000 | block & 0xffff_ffff_ffff, .byte, "no address of this program"),
    ]
    for (address, size, target) in cases {
      let read = try machine.fault([.load(size, .r0, from: .r1), .exit], r1: address)
      #expect(
        read?.reason == .invalidRead(address: address, byteCount: size.byteCount, target: target),
        "\(String(address, radix: 16))")
      for instruction in [Instruction.store(size, 1, to: .r1), .store(size, .r2, to: .r1)] {
        let write = try machine.fault([.move(.r0, 0), instruction, .exit], r1: address)
        #expect(
          write?.reason
            == .invalidWrite(address: address, byteCount: size.byteCount, target: target, isReadOnly: false),
          "\(String(address, radix: 16))")
        #expect(write?.place?.instruction == 1)
      }
    }
  }

  @Test("every load, store and atomic operation is checked for all of its bytes")
  func everyAccess() throws {
    var accesses: [(Instruction, Int)] = []
    for size in MemorySize.allCases {
      for fill in Extension.allCases where fill == .zero || size != .doubleWord {
        accesses.append((.load(size, .r0, from: .r1, extension: fill), size.byteCount))
      }
      accesses.append((.store(size, 0, to: .r1), size.byteCount))
      accesses.append((.store(size, .r2, to: .r1), size.byteCount))
      accesses.append((.loadAcquire(size, .r0, from: .r1), size.byteCount))
      accesses.append((.storeRelease(size, .r2, to: .r1), size.byteCount))
    }
    for operation in AtomicOperation.allCases {
      accesses.append((.atomic(operation, .r2, at: .r1, width: .bits32), 4))
      accesses.append((.atomic(operation, .r2, at: .r1), 8))
    }
    for (access, byteCount) in accesses {
      let last = block + 64 - UInt64(byteCount)
      #expect(try machine.fault([access, .exit], r1: last) == nil, "\(access)")
      for address in [last + UInt64(byteCount), last + 1, block &- UInt64(byteCount), 0, .max] {
        let fault = try machine.fault([access, .exit], r1: address)
        switch fault?.reason {
        case .invalidRead(address, byteCount, _), .invalidWrite(address, byteCount, _, false): break
        default: Issue.record("\(access) at \(String(address, radix: 16)): \(String(describing: fault))")
        }
      }
    }
  }

  @Test("an offset of an instruction is part of the address that is checked")
  func instructionOffset() throws {
    #expect(try machine.fault([.load(.byte, .r0, from: .r1, offset: -1), .exit], r1: block + 1) == nil)
    #expect(try machine.fault([.load(.byte, .r0, from: .r1, offset: -1), .exit], r1: block) != nil)
    #expect(try machine.fault([.load(.byte, .r0, from: .r1, offset: .max), .exit], r1: block) != nil)
    #expect(try machine.fault([.load(.byte, .r0, from: .r1, offset: .max), .exit], r1: .max - 10) != nil)
  }

  @Test("memory with a shorter writable part can be read in full, and a write past that part is of read-only memory")
  func readOnly() throws {
    #expect(try machine.fault([.load(.doubleWord, .r0, from: .r1, offset: 24), .exit], r1: frozen) == nil)
    #expect(try machine.fault([.store(.doubleWord, 1, to: .r1), .exit], r1: frozen) == nil)
    for offset in [1, 8, 24] {
      let address = frozen + UInt64(offset)
      let fault = try machine.fault([.store(.doubleWord, 1, to: .r1), .exit], r1: address)
      #expect(
        fault?.reason
          == .invalidWrite(
            address: address, byteCount: 8, target: "offset \(offset) of frozen map (32 bytes)", isReadOnly: true))
    }
    #expect(try machine.fault([.atomic(.add, .r2, at: .r1, offset: 8), .exit], r1: frozen) != nil)
  }

  @Test("the stack is 512 bytes below r10")
  func stackBounds() throws {
    #expect(try machine.fault([.store(.doubleWord, 1, to: .r10, offset: -512), .exit]) == nil)
    #expect(try machine.fault([.store(.byte, 1, to: .r10, offset: -1), .exit]) == nil)
    let cases: [(Int16, String)] = [
      (0, "the end of stack frame 0 (512 bytes)"),
      (-4, "offset 508 of stack frame 0 (512 bytes), reaching 4 bytes past its end"),
      (-513, "1 byte before the start of stack frame 0"), (-520, "8 bytes before the start of stack frame 0"),
    ]
    for (offset, target) in cases {
      let fault = try machine.fault([.store(.doubleWord, 1, to: .r10, offset: offset), .exit])
      guard case .invalidWrite(_, 8, target, false) = fault?.reason else {
        Issue.record("\(offset): \(String(describing: fault))")
        continue
      }
    }
  }

  @Test("an address space cast is an error that names the feature")
  func addressSpaceCast() throws {
    let cast = Instruction(opcode: 0xbf, destination: 1, source: 2, offset: 1, immediate: 1)
    let fault = try machine.fault([cast, .exit])
    #expect(fault?.description == "test: instruction 0: addr_space_cast (a pointer into an arena) is not supported")
  }

  // MARK: - Budget

  @Test("an endless loop ends when its budget is used up, and the fault names the instruction")
  func budget() throws {
    let fault = try machine.fault([.move(.r0, 1), .add(.r0, 1), .goto(-2)], budget: 1001)
    #expect(fault?.reason == .budgetExhausted(budget: 1001))
    #expect(fault?.place?.instruction == 2)
    #expect(machine.interpreter.executedInstructionCount == 1001)
    #expect(
      fault?.description == "test: instruction 2: the budget of 1001 instructions is used up")
  }

  @Test("the count is exact over jumps in both directions, calls and returns")
  func counting() throws {
    // Three rounds; in each, one of two ways of different length, and a call.
    let program: [Instruction] = [
      .move(.r6, 3), .move(.r0, 0),
      .move(.r1, .r6), .arithmetic(.and, .r1, 1), .jump(if: .r1, .equal, 0, offset: 2),
      .call(local: 5), .goto(1),
      .add(.r0, 100),
      .add(.r6, -1), .jump(if: .r6, .notEqual, 0, offset: -8), .exit,
      .move(.r0, 1), .exit,
    ]
    _ = try machine.run(program)
    let odd = 3 + 1 + 2 + 1 + 2
    let even = 3 + 1 + 2
    let total = UInt64(2 + odd + even + odd + 1)
    #expect(machine.interpreter.executedInstructionCount == total)
    // A budget of what is left after the last taken jump is enough, one less is not.
    #expect(try machine.fault(program, budget: total) == nil)
    #expect(try machine.fault(program, budget: total - 5) != nil)
  }

  @Test("a budget of zero runs nothing, and the greatest budget is no overflow")
  func extremeBudgets() throws {
    machine.helper(1) { _ in
      Issue.record("ran")
      return 0
    }
    let fault = try machine.fault([.call(helper: 1), .exit], budget: 0)
    #expect(fault?.description == "test: instruction 0: the budget of 0 instructions is used up")
    #expect(try machine.run([.move(.r0, 4), .goto(0), .exit], budget: .max) == 4)
  }
}
