import BPFInstructions
import BPFObject

/// A program of the generator: functions one after another, maps by number.
struct GeneratedProgram: Sendable {
  var section: String
  var instructions: [Instruction]
  /// The maps that `lddw` names by their number, from 1.
  static let maps = ["array", "hash"]

  init(section: String, instructions: [Instruction]) {
    (self.section, self.instructions) = (section, instructions)
  }

  /// Puts the functions after each other; the immediate of a local call is the number of the function.
  init(section: String, functions: [[Instruction]]) throws {
    var starts: [Int] = []
    var code: [Instruction] = []
    for function in functions {
      starts.append(code.count)
      code += function
    }
    for index in code.indices where code[index].opcode == 0x85 && code[index].source == 1 {
      code[index].immediate = Int32(starts[Int(code[index].immediate)] - index - 1)
    }
    self.init(section: section, instructions: code)
  }

  /// The object with the one program `p`, and both maps.
  func object() throws -> ObjectFile {
    var object = ObjectFile()
    object.license = "GPL"
    for name in Self.maps { object.maps[name] = try CorpusMaps.definition(name) }
    var program = Program(
      name: "p", section: section, kind: try ProgramKind(section: section), instructions: instructions)
    for index in instructions.indices where instructions[index].isWideLoad && instructions[index].source == 1 {
      program.references[index] = .map(Self.maps[Int(instructions[index].immediate) - 1])
      program.instructions[index].immediate = 0
    }
    object.programs["p"] = program
    return object
  }

  /// The program in the assembler's syntax, an instruction a line with its number.
  var text: String {
    "section: \(section)\n" + Disassembler().lines(of: instructions).map { "  \($0.index): \($0.text)\n" }.joined()
  }
}

/// Takes instructions out of a program as long as what was found about it stays.
struct Minimizer {
  /// Whether a program still shows what is looked for.
  var isInteresting: (GeneratedProgram) -> Bool

  func minimize(_ program: GeneratedProgram) -> GeneratedProgram {
    var best = program
    var size = max(best.instructions.count / 2, 1)
    while true {
      var start = 0
      var hasShrunk = false
      while start < best.instructions.count {
        var candidate = best
        if candidate.remove(start..<min(start + size, best.instructions.count)), isInteresting(candidate) {
          best = candidate
          hasShrunk = true
        } else {
          start += size
        }
      }
      if size == 1 && !hasShrunk { return best }
      size = max(size / 2, 1)
    }
  }
}

extension GeneratedProgram {
  /// Takes out slots and lets jumps over them lead to the same places; false when that cannot be.
  fileprivate mutating func remove(_ range: Range<Int>) -> Bool {
    var places: [Int] = []
    var kept: [Int] = []
    for index in instructions.indices {
      places.append(kept.count)
      if !range.contains(index) { kept.append(index) }
    }
    places.append(kept.count)
    guard !kept.isEmpty else { return false }
    var result: [Instruction] = []
    var isSecond = false
    for index in kept {
      var instruction = instructions[index]
      if isSecond {
        isSecond = false
      } else if instruction.opcode == 0 {
        return false
      } else if instruction.isWideLoad {
        isSecond = true
        guard !range.contains(index + 1) else { return false }
      } else if [5, 6].contains(instruction.opcode & 7) {
        let isCall = instruction.opcode == 0x85
        if instruction.opcode != 0x95 && (!isCall || instruction.source == 1) {
          let target = index + 1 + Int(isCall ? instruction.immediate : Int32(instruction.offset))
          guard places.indices.contains(target) else { return false }
          let distance = places[target] - places[index] - 1
          if isCall { instruction.immediate = Int32(distance) } else { instruction.offset = Int16(clamping: distance) }
        }
      }
      result.append(instruction)
    }
    instructions = result
    return true
  }
}
