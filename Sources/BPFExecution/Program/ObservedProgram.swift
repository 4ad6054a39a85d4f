package import BPFInstructions

/// A program that tells its environment about each instruction before it is executed.
///
/// It is a program of its own, in which a slot that only observes stands before each instruction and jumps lead to these:
/// so the interpreter's loop has no test for observers. Places in faults and addresses of functions are those of
/// `program`; `ObservingEnvironment` is given the slots of the original.
package struct ObservedProgram: Sendable {
  /// What runs.
  package let program: PreparedProgram
  /// The slot in `program` from which each slot of the original is observed.
  private let places: [Int]

  /// Makes a program observable.
  ///
  /// - Throws: `ProgramError`, with the place in the original or, for what does not fit any more, in what runs.
  package init(name: String = "", _ instructions: [Instruction]) throws(ProgramError) {
    // Jumps are easier to move once they are known to be right.
    _ = try PreparedProgram(name: name, instructions)
    var places: [Int] = []
    var count = 0
    var index = 0
    while index < instructions.count {
      let slots = instructions[index].isWideLoad ? 2 : 1
      for _ in 0..<slots { places.append(count) }
      count += slots + 1
      index += slots
    }
    places.append(count)
    var moved: [Instruction] = []
    moved.reserveCapacity(count)
    var observed: [Int: Int] = [:]
    index = 0
    while index < instructions.count {
      observed[moved.count] = index
      moved.append(.goto(0))
      moved.append(try Self.move(instructions[index], at: index, places))
      if instructions[index].isWideLoad { moved.append(instructions[index + 1]) }
      index += instructions[index].isWideLoad ? 2 : 1
    }
    self.places = places
    program = try PreparedProgram(name: name, moved, functions: [], observing: observed)
  }

  /// The slot at which a run of the function at a slot of the original has to begin.
  package func entry(at slot: Int) -> Int { places.indices.contains(slot) ? places[slot] : -1 }

  /// The slot of the original that a place in a fault means.
  package func slot(ofPlace place: Int) -> Int { (places.firstIndex { $0 > place } ?? places.count) - 1 }

  private static func move(_ instruction: Instruction, at index: Int, _ places: [Int]) throws(ProgramError)
    -> Instruction
  {
    let isJump = instruction.opcode & 7 == 5 || instruction.opcode & 7 == 6
    let code = instruction.opcode & 0xf0
    let isLongJump = instruction.opcode == 0x06
    let isLocalCall = instruction.opcode == 0x85 && instruction.source == 1
    let isFunction = instruction.opcode == 0x18 && instruction.source == 4
    guard isFunction || isJump && (isLocalCall || code != 0x80 && code != 0x90) else { return instruction }
    var instruction = instruction
    let distance = isLongJump || isLocalCall || isFunction ? Int(instruction.immediate) : Int(instruction.offset)
    let target = index + 1 + distance
    // Of a jump the observing slot comes one before it.
    let moved = places[target] - (places[index] + 2)
    if isLongJump || isLocalCall || isFunction {
      instruction.immediate = Int32(truncatingIfNeeded: moved)
    } else {
      guard let offset = Int16(exactly: moved) else { throw ProgramError(.tooLong(count: places.count), at: index) }
      instruction.offset = offset
    }
    return instruction
  }
}

/// The state before an instruction of an ``ObservedProgram``.
package struct ExecutionStep {
  /// The slot of the instruction in the original.
  package var slot: Int
  /// The number of calls that are open, 0 in the function that the run began with.
  package var depth: Int
  /// r0 to r10.
  package var registers: [UInt64]
}
