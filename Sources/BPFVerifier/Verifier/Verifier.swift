public import BPFObject
public import BPFTypeFormat

/// Verifies programs against the rules of a kernel.
public struct Verifier: Sendable {
  /// What programs are verified against.
  public var options: VerifierOptions

  /// A verifier with the given options.
  public init(options: VerifierOptions = VerifierOptions()) { self.options = options }

  /// The verdict on a program of an object.
  ///
  /// - Parameters:
  ///   - program: the program, its CO-RE relocations applied.
  ///   - object: the object that it is from, whose maps, types and licence count.
  ///   - kernelTypes: the types of the kernel; without them what needs a type of the kernel is refused as unsupported.
  public func verify(_ program: Program, of object: ObjectFile, kernelTypes: BTF? = nil) -> Verdict {
    verify(program, of: object, kernelTypes: kernelTypes, observer: nil)
  }

  /// The verdict, with a look at each state on the way.
  package func verify(
    _ program: Program, of object: ObjectFile, kernelTypes: BTF?, observer: ((ObservedState) -> Void)?
  ) -> Verdict {
    .rejected(
      Rejection(
        message: "unsupported", errno: 95, instruction: nil, cause: .unsupported("everything")))
  }
}

/// The state before an instruction, as an observer sees it.
package struct ObservedState {
  /// The index of the instruction.
  package var instruction: Int
  /// The number of calls that are open: 0 in the entry function.
  package var depth: Int
  /// The registers of the function being walked, those that hold something.
  package var registers: [RegisterSnapshot]
  /// The stack of the function being walked.
  package var stack: [StackSnapshot]
}
