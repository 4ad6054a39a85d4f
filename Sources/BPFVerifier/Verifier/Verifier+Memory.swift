public import BPFInstructions
internal import BPFObject

extension Verifier {
  /// The verdict on bare code that works on memory: it gets the memory in r1, 0 where there is none, and its length in r2.
  ///
  /// No kernel runs such code, so there are no helper functions that it could call; a call of one has no verdict.
  public func verify(_ instructions: [Instruction], memoryByteCount: Int) -> Verdict {
    if let call = instructions.firstIndex(where: { $0.opcode == 0x85 && $0.source != 1 }) {
      return .rejected(
        Rejection(
          message: "not modelled: helper functions of bare code", errno: .notSupported, instruction: call,
          cause: .unsupported("helper functions of bare code")))
    }
    var verifier = self
    verifier.options.argument = .memory(byteCount: memoryByteCount)
    let kind = ProgramKind(type: .systemCall)
    let program = Program(name: "code", section: "syscall", kind: kind, instructions: instructions)
    return verifier.verify(program, of: ObjectFile())
  }
}

/// What a program begins with.
package enum EntryArgument: Hashable, Sendable {
  /// The context of its type in r1.
  case context
  /// Memory in r1, and its length in r2.
  case memory(byteCount: Int)
}
