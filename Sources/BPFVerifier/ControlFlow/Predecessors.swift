internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// From where control comes to each slot, within its function: what flows backwards is followed along these, so that its
/// time is bounded by what can change, however the jumps lie.
struct Predecessors {
  /// The index in ``sources`` of each slot's first, and one more for the end.
  private let starts: [Int32]
  private let sources: [Int32]

  init(_ instructions: [DecodedInstruction?]) {
    let count = instructions.count
    var starts = [Int32](repeating: 0, count: count + 1)
    func forEachSuccessor(_ body: (_ source: Int, _ target: Int) -> Void) {
      for (index, instruction) in instructions.enumerated() {
        guard let (next, target) = instruction?.successors(at: index) else { continue }
        if let next, next < count { body(index, next) }
        if let target, target >= 0, target < count { body(index, target) }
      }
    }
    forEachSuccessor { _, target in starts[target + 1] += 1 }
    for index in 0..<count { starts[index + 1] += starts[index] }
    var sources = [Int32](repeating: 0, count: Int(starts[count]))
    var free = starts
    forEachSuccessor { source, target in
      sources[Int(free[target])] = Int32(source)
      free[target] += 1
    }
    self.starts = starts
    self.sources = sources
  }

  /// The slots from which control comes to a slot.
  subscript(_ index: Int) -> ArraySlice<Int32> { sources[Int(starts[index])..<Int(starts[index + 1])] }
}
