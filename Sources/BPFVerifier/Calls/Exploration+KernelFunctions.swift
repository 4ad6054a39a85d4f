internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  mutating func callKernelFunction() throws(Stop) -> Continuation {
    guard case .kernelFunction(let name, _)? = program.references[instruction] else {
      throw unsupported("kernel functions by number")
    }
    throw unsupported("the kernel function \(name)")
  }
}
