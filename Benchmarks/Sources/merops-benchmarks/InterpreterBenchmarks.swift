import BPFExecution
import BPFInstructions

/// The checked interpreter on arithmetic, copies and branches, and the cost of calls.
func interpreterBenchmarks() throws -> [Benchmark] {
  let memory = try AddressSpace()
  let interpreter = try Interpreter(memory: memory)
  let helpers = NoHelpers()
  let input = try memory.allocate(byteCount: 8192, name: "copy buffers")
  let flags = try memory.allocate(byteCount: 65536, name: "sieve")

  func benchmark(_ name: String, _ program: [Instruction], r1: UInt64, r2: UInt64 = 0) throws -> Benchmark {
    let program = try PreparedProgram(name: name, program)
    return Benchmark("interpreter: " + name, unit: "ns/instruction") {
      let start = ThreadClock.now
      _ = try interpreter.run(program, r1: r1, r2: r2, environment: helpers)
      let elapsed = ThreadClock.now - start
      return Double(elapsed) / Double(interpreter.executedInstructionCount)
    }
  }

  let empty = try PreparedProgram(name: "empty", [.move(.r0, 0), .exit])
  return [
    try benchmark("arithmetic loop", arithmeticLoop, r1: 12_500_000),
    try benchmark("copy of 4 KiB", copyLoop, r1: input, r2: 32_500),
    try benchmark("sieve of 65536", sieve, r1: flags, r2: 100),
    try benchmark("local calls", callLoop, r1: 2_000_000),
    try benchmark("helper calls", helperLoop, r1: 2_000_000),
    try benchmark("atomic additions", atomicLoop, r1: 2_000_000),
    Benchmark("interpreter: run of an empty program", nanosecondsPer: "run", count: 1_000_000) {
      for _ in 0..<1_000_000 { _ = try interpreter.run(empty, environment: helpers) }
    },
  ]
}

/// Has every helper, and all return 0.
private final class NoHelpers: ProgramEnvironment {
  func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 { 0 }
}

/// r1 rounds of eight operations.
private let arithmeticLoop: [Instruction] = [
  .move(.r0, 1),
  .add(.r0, .r1),
  .arithmetic(.xor, .r0, 0x5555),
  .arithmetic(.shiftLeft, .r0, 3),
  .move(.r2, .r0),
  .arithmetic(.shiftRight, .r2, 7),
  .arithmetic(.subtract, .r0, .r2, width: .bits32),
  .add(.r1, -1),
  .jump(if: .r1, .notEqual, 0, offset: -8),
  .exit,
]

/// r2 copies of the 4096 bytes at r1 to the 4096 bytes behind, eight bytes at a time.
private let copyLoop: [Instruction] = [
  .move(.r3, .r1),
  .move(.r4, .r1),
  .add(.r4, 4096),
  .move(.r5, .r4),
  .load(.doubleWord, .r0, from: .r3),
  .store(.doubleWord, .r0, to: .r4),
  .add(.r3, 8),
  .add(.r4, 8),
  .jump(if: .r3, .less, .r5, offset: -5),
  .add(.r2, -1),
  .jump(if: .r2, .notEqual, 0, offset: -11),
  .move(.r0, 0),
  .exit,
]

/// r2 times the sieve of Eratosthenes with the bytes at r1 as flags; r0 is the number of primes below 65536.
private let sieve: [Instruction] = [
  // Clear all flags.
  .move(.r3, 0),
  .move(.r4, .r1),
  .add(.r4, .r3),
  .store(.byte, 0, to: .r4),
  .add(.r3, 1),
  .jump(if: .r3, .less, 65536, offset: -5),
  // r3 is the candidate, r0 the number of primes.
  .move(.r0, 0),
  .move(.r3, 2),
  .move(.r4, .r1),
  .add(.r4, .r3),
  .load(.byte, .r5, from: .r4),
  .jump(if: .r5, .notEqual, 0, offset: 8),
  .add(.r0, 1),
  // Mark all multiples of r3.
  .move(.r6, .r3),
  .add(.r6, .r3),
  .jump(if: .r6, .greaterOrEqual, 65536, offset: 4),
  .move(.r4, .r1),
  .add(.r4, .r6),
  .store(.byte, 1, to: .r4),
  .goto(-6),
  .add(.r3, 1),
  .jump(if: .r3, .less, 65536, offset: -14),
  .add(.r2, -1),
  .jump(if: .r2, .notEqual, 0, offset: -24),
  .exit,
]

/// r1 calls of a function of the program.
private let callLoop: [Instruction] = [
  .move(.r6, .r1),
  .call(local: 3),
  .add(.r6, -1),
  .jump(if: .r6, .notEqual, 0, offset: -3),
  .exit,
  .move(.r0, 1),
  .exit,
]

/// r1 calls of a helper.
private let helperLoop: [Instruction] = [
  .move(.r6, .r1),
  .call(helper: 1),
  .add(.r6, -1),
  .jump(if: .r6, .notEqual, 0, offset: -3),
  .exit,
]

/// r1 atomic additions to a number on the stack.
private let atomicLoop: [Instruction] = [
  .store(.doubleWord, 0, to: .r10, offset: -8),
  .move(.r2, 1),
  .atomic(.add, .r2, at: .r10, offset: -8),
  .add(.r1, -1),
  .jump(if: .r1, .notEqual, 0, offset: -3),
  .move(.r0, 0),
  .exit,
]
