internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Checks the stack of every chain of calls.
  mutating func checkStackDepth() throws(Stop) {}
}
