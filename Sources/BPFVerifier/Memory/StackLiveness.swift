internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// Which stack slots may still be read after an instruction, gathered while paths are walked.
struct StackLiveness {
  init() {}

  /// A slot of a frame was read by the current instruction.
  @inline(__always)
  mutating func read(frame: Int, slot: Int) {}

  /// A slot of a frame was written whole by the current instruction.
  @inline(__always)
  mutating func write(frame: Int, slot: Int) {}
}

extension Exploration {
  /// Forgets the slots of a finished state that no path read.
  mutating func cleanStack(of index: Int32) {}
}
