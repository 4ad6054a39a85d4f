internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// A call of a function that is verified on its own: only its types count.
  mutating func callGlobal(_ index: Int) throws(Stop) {
    throw unsupported("global functions")
  }
}
