import BPFExecution
import BPFInstructions

/// An interpreter with memory, and helpers and kernel functions that are closures.
final class TestMachine: ProgramEnvironment {
  typealias Function = (inout Invocation) throws(ExecutionFault) -> UInt64

  let memory: AddressSpace
  let interpreter: Interpreter
  private var helpers: [Int32: Function] = [:]
  private var kernelFunctions: [Int32: Function] = [:]
  /// The packet that `LD_ABS` and `LD_IND` read; `nil` when there is none in this type of program.
  var packet: [UInt8]?

  init() throws {
    memory = try AddressSpace()
    interpreter = try Interpreter(memory: memory)
  }

  /// Defines a helper. A method, since Swift 6.3's compiler crashes where such a closure is assigned to a subscript.
  func helper(_ number: Int32, _ function: @escaping Function) { helpers[number] = function }

  /// Defines a kernel function.
  func kernelFunction(_ number: Int32, _ function: @escaping Function) { kernelFunctions[number] = function }

  func run(
    _ instructions: [Instruction], r1: UInt64 = 0, r2: UInt64 = 0, r3: UInt64 = 0,
    budget: UInt64 = Interpreter.defaultBudget
  ) throws -> UInt64 {
    try run(PreparedProgram(name: "test", instructions), r1: r1, r2: r2, r3: r3, budget: budget)
  }

  func run(
    _ program: PreparedProgram, entry: Int = 0, r1: UInt64 = 0, r2: UInt64 = 0, r3: UInt64 = 0,
    budget: UInt64 = Interpreter.defaultBudget
  ) throws(ExecutionFault) -> UInt64 {
    try interpreter.run(program, entry: entry, r1: r1, r2: r2, r3: r3, budget: budget, environment: self)
  }

  /// The fault that a program ends in, `nil` when it ends otherwise.
  func fault(
    _ instructions: [Instruction], r1: UInt64 = 0, r2: UInt64 = 0, budget: UInt64 = Interpreter.defaultBudget
  ) throws -> ExecutionFault? {
    let program = try PreparedProgram(name: "test", instructions)
    do throws(ExecutionFault) {
      _ = try run(program, r1: r1, r2: r2, budget: budget)
      return nil
    } catch {
      return error
    }
  }

  func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    guard let helper = helpers[number] else { throw ExecutionFault(.unknownHelper(number)) }
    return try helper(&invocation)
  }

  func callKernelFunction(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    guard let function = kernelFunctions[number] else { throw ExecutionFault(.unknownKernelFunction(number)) }
    return try function(&invocation)
  }

  func loadPacket(
    context: UInt64, offset: Int32, byteCount: Int, _ invocation: inout Invocation
  ) throws(ExecutionFault) -> UInt64? {
    guard let packet else { throw ExecutionFault(.unsupported("a packet load in this type of program")) }
    let start = Int(offset)
    guard start >= 0, start + byteCount <= packet.count else { return nil }
    return packet[start..<start + byteCount].reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// The two slots of a 64-bit immediate load.
func loadWide(_ register: Register, _ value: UInt64) -> [Instruction] {
  [.loadWide(register, value), .loadWideUpper(value)]
}

/// Values at which arithmetic changes its mind: around zero, the sign bits, shift counts, and one without a pattern.
let edgeValues: [UInt64] = [
  0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000,
  0x8000_0001, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, 0x7fff_ffff_ffff_ffff,
  0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0xffff_ffff_8000_0000, 0xffff_ffff_ffff_fffe,
  0xffff_ffff_ffff_ffff, 0x1234_5678_9abc_def0, 0xfedc_ba98_7654_3210,
]

/// Immediates for the same purpose.
let edgeImmediates: [Int32] = [
  0, 1, 2, 3, 31, 32, 33, 63, 64, 127, 128, 255, 32767, 65535, .max, .min, .min + 1, -1, -2, -3, -64, 0x1234_5678,
]
