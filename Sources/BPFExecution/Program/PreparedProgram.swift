public import BPFInstructions

/// A program decoded once and ready to run any number of times, by any engine and on any thread.
///
/// Preparing checks what can be said of each instruction by itself: that its opcode and registers exist, that
/// reserved fields are empty, that jumps stay within the program. It does not prove that the program ends or that
/// it touches only its memory: the interpreter checks these while it runs.
///
/// References to maps and variables have to be resolved before: a `lddw` carries the program address itself, with a
/// source field of 0. A callback (source field 4) is resolved here, to the address of the function.
public final class PreparedProgram: Sendable {
  /// The greatest number of slots: the kernel's limit of 1,000,000 instructions for a privileged user.
  public static let maximumSlotCount = 1_000_000

  /// The name that faults give.
  public let name: String
  /// The functions in ascending order of their first slot.
  public let functions: [Function]
  /// The number of slots.
  public var slotCount: Int { code.count }

  let code: RecordStorage

  /// A function of the program, named for the messages of faults.
  public struct Function: Hashable, Sendable {
    /// The function's name in the source.
    public var name: String
    /// The index of its first slot.
    public var start: Int

    /// A function that begins at a slot.
    public init(name: String, start: Int) {
      self.name = name
      self.start = start
    }
  }

  /// Decodes a program.
  ///
  /// - Parameters:
  ///   - name: The name that faults give.
  ///   - instructions: All slots: the entry function first, then the functions that it reaches.
  ///   - functions: The names of functions, in ascending order of their first slot; may be empty.
  /// - Throws: `ProgramError` for the first instruction that can not run.
  public init(
    name: String = "", _ instructions: [Instruction], functions: [Function] = []
  ) throws(ProgramError) {
    self.name = name
    self.functions = functions
    var records = try decode(instructions)
    for index in records.indices { records[index].useFrame() }
    code = RecordStorage(records)
  }

  /// Decodes a program that was verified.
  ///
  /// - Parameters:
  ///   - name: The name that faults give.
  ///   - instructions: All slots, as they were verified but for references that are resolved.
  ///   - functions: The names of functions, in ascending order of their first slot.
  ///   - proof: What was proven of the memory that each slot accesses. A wrong proof gives the program the host's memory.
  /// - Throws: `ProgramError` for the first instruction that can not run.
  package init(
    name: String, _ instructions: [Instruction], functions: [Function], trusting proof: [ProvenAccess]
  ) throws(ProgramError) {
    self.name = name
    self.functions = functions
    var records = try decode(instructions)
    for index in records.indices {
      records[index].useFrame()
      if proof.indices.contains(index) { records[index].use(proof[index]) }
    }
    code = RecordStorage(records)
  }

  /// Decodes a program in which some slots, jumps by nothing, tell the environment about the instruction that follows.
  init(
    name: String, _ instructions: [Instruction], functions: [Function], observing slots: [Int: Int]
  ) throws(ProgramError) {
    self.name = name
    self.functions = functions
    var records = try decode(instructions)
    for (slot, observed) in slots { records[slot] = Record(operation: .observe, immediate: UInt64(observed)) }
    code = RecordStorage(records)
  }

  /// The name of the function that a slot belongs to, `nil` when no function was named.
  public func functionName(at slot: Int) -> String? {
    functions.last { $0.start <= slot }?.name
  }

  /// Whether a function may begin at a slot: it is within the program and not the second half of a wide load.
  public func isFunctionStart(_ slot: Int) -> Bool {
    slot >= 0 && slot < slotCount && code.operation(at: slot) != .secondHalf
  }
}
