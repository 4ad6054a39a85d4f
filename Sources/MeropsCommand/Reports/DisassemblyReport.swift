import Merops

/// The byte code of a program as text, with what its instructions refer to and the source lines that they come from.
package struct DisassemblyReport: Codable, Hashable, Sendable {
  /// The functions in the order of the byte code.
  package var functions: [Function]

  /// A function of the program.
  package struct Function: Codable, Hashable, Sendable {
    package var name: String
    package var instructions: [Line]
  }

  /// An instruction.
  package struct Line: Codable, Hashable, Sendable {
    /// The index of its first slot.
    package var index: Int
    /// The instruction in LLVM's syntax.
    package var text: String
    /// What the name in it stands for.
    package var reference: String?
    /// The source line, where the instruction is the first of it.
    package var source: Source?
  }

  /// A source line.
  package struct Source: Codable, Hashable, Sendable {
    package var file: String
    package var line: Int
    package var column: Int
    package var text: String
  }

  package init(_ program: Program, in object: ObjectFile) {
    let disassembler = Disassembler(helperNames: true)
    let names = Dictionary(program.functions.map { ($0.start, $0.name) }, uniquingKeysWith: { first, _ in first })
    let sources = Dictionary(program.lines.map { ($0.instruction, $0) }, uniquingKeysWith: { first, _ in first })
    functions = []
    var current = Function(name: program.name, instructions: [])
    var index = 0
    while index < program.instructions.count {
      if let name = names[index], index > 0 {
        functions.append(current)
        current = Function(name: name, instructions: [])
      }
      var line = Line(index: index, text: "<unknown>")
      line.source = sources[index].map { Source(file: $0.file, line: $0.line, column: $0.column, text: $0.text) }
      var slotCount = 1
      do throws(InstructionError) {
        let instruction = try DecodedInstruction.decode(at: index, in: program.instructions)
        slotCount = instruction.slotCount
        line.text = disassembler.text(of: instruction, target: instruction.target(at: index).flatMap { names[$0] })
        if let target = instruction.jumpTarget(at: index) { line.text += " <\(target)>" }
        if let reference = program.references[index] { line.name(reference, in: instruction, of: object) }
      } catch {
        line.reference = "\(error)"
      }
      current.instructions.append(line)
      index += slotCount
    }
    functions.append(current)
  }
}

extension DisassemblyReport.Line {
  /// Puts the name of what an instruction refers to where the byte code has a number that the engine fills in.
  fileprivate mutating func name(
    _ reference: Program.Reference, in instruction: DecodedInstruction, of object: ObjectFile
  ) {
    let name: String
    switch reference {
    case .map(let map):
      name = map
      self.reference = "map"
    case .mapValue(let map, let offset):
      let variable = object.globals.values.first {
        $0.map == map && $0.offset <= offset && offset < $0.offset + $0.byteCount
      }
      let distance = offset - (variable?.offset ?? 0)
      name = (variable?.name ?? map) + (distance == 0 ? "" : " + \(distance)")
      self.reference = variable == nil ? "map" : "variable in \(map)"
    case .function:
      self.reference = "function"
      return
    case .kernelFunction(let function, let isWeak):
      name = function
      self.reference = isWeak ? "weak kernel function" : "kernel function"
    case .kernelSymbol(let symbol, let isWeak):
      name = symbol
      self.reference = isWeak ? "weak kernel symbol" : "kernel symbol"
    }
    switch instruction {
    case .loadWide(let register, _): text = "\(register) = \(name) ll"
    case .call(.kernelFunction): text = "call \(name)"
    default: self.reference = name
    }
  }
}
