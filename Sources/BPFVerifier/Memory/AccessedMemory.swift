/// What kinds of memory an instruction was seen to access, over all paths: what an engine need not look at again.
package struct AccessedMemory: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The bits.
  package let rawValue: UInt8
  /// A set with the given bits.
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  /// Memory that is there as long as the program runs, within bounds that were proven: stack frames, values of maps,
  /// packets, and memory of a known size.
  package static let bounded = AccessedMemory(rawValue: 1)
  /// A structure of the kernel, which a read finds or not: Linux gives zero for what is not there.
  package static let kernelStructure = AccessedMemory(rawValue: 2)
  /// Anything else: contexts, whose length the engine knows, and memory that may go away.
  package static let other = AccessedMemory(rawValue: 4)

  /// What a pointer leads to.
  init(_ state: RegisterState) {
    switch state.kind {
    case .stack, .mapValue, .packet: self = .bounded
    case .memory where state.flags.isDisjoint(with: [.untrusted, .dynptrSlice, .user]): self = .bounded
    case .btf: self = .kernelStructure
    default: self = .other
    }
  }
}
