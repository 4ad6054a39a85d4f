public import BPFDiagnostics
internal import BPFInstructions
public import BPFObject

extension Diagnostic {
  /// What the verifier found, in words for people: the words are those for the kernel's message, which the verifier writes
  /// as the kernel does; what registers hold and where it comes from is the verifier's own knowledge.
  ///
  /// - Parameters:
  ///   - rejection: the finding.
  ///   - program: the program that was verified.
  ///   - kernelVersion: the kernel that would say so, such as `6.18`.
  public init(_ rejection: Rejection, of program: Program, kernelVersion: String? = nil) {
    let phrase = MessagePhrase(for: rejection.message)
    let firstLine = rejection.message.split(separator: "\n").first.map(String.init) ?? "the program is refused"
    self.init(
      phrase?.headline ?? firstLine, category: phrase?.category ?? .structure, program: program.name,
      instruction: rejection.instruction, kernelMessage: rejection.message, kernelVersion: kernelVersion,
      log: rejection.log)
    if case .unsupported(let what) = rejection.cause {
      headline = "this cannot be verified yet: \(what)"
      severity = .warning
      category = .policy
      kernelMessage = ""
      suggestion = "ask the kernel: merops verify --engine linux"
    } else {
      suggestion = phrase?.suggestion
    }
    guard let index = rejection.instruction else { return }
    place = program.place(of: index)
    function = program.functionName(at: index).flatMap { $0 == program.name ? nil : $0 }
    instructionText = program.text(of: index)
    describe(rejection, program, index)
    labels = Self.labels(for: self)
  }

  private mutating func describe(_ rejection: Rejection, _ program: Program, _ index: Int) {
    for number in MessagePhrase.registers(in: rejection.message).prefix(4) {
      guard let snapshot = rejection.registers.first(where: { $0.register.rawValue == number }), number != 10 else {
        continue
      }
      let origin = rejection.origins.first { $0.register == snapshot.register }?.instructions.first
      holdings.append(
        Holding(
          "R\(number)", HoldingText.words(for: Substring(snapshot.text)),
          origin: origin.flatMap { program.place(of: $0) }, instruction: origin))
    }
    if let origin = rejection.origins.first {
      history = origin.instructions.prefix(8).reversed().map { instruction in
        Step(
          instruction: instruction, place: program.place(of: instruction), action: program.text(of: instruction) ?? "",
          effect: "")
      }
    }
    let decisions = rejection.path.suffix(6).map { decision in
      Decision(
        instruction: decision.instruction, place: program.place(of: decision.instruction),
        condition: program.condition(of: decision.instruction), isTaken: decision.isTaken)
    }
    path = decisions
    omittedDecisionCount = rejection.path.count - decisions.count
  }
}

extension Program {
  /// An instruction as the disassembler prints it, with what it refers to by name.
  fileprivate func text(of index: Int) -> String? {
    guard instructions.indices.contains(index) else { return nil }
    switch references[index] {
    case .map(let name): return "r\(instructions[index].destination) = &\(name)"
    case .mapValue(let map, let offset):
      return "r\(instructions[index].destination) = &\(map)" + (offset == 0 ? "" : " + \(offset)")
    case .kernelFunction(let name, _): return "call \(name)"
    default: break
    }
    if instructions[index].opcode == 0x85, instructions[index].source == 0,
      let function = HelperFunction(identifier: instructions[index].immediate)
    {
      return "call \(function.name)"
    }
    return (try? DecodedInstruction.decode(at: index, in: instructions)).map { "\($0)" }
  }

  /// The condition of a jump, without where it leads to.
  fileprivate func condition(of index: Int) -> String {
    var text = Substring(text(of: index) ?? "")
    if text.hasPrefix("if ") { text = text.dropFirst(3) }
    return String(text.firstRange(of: " goto").map { text[..<$0.lowerBound] } ?? text)
  }
}
