import BPFObject
import BPFTypeFormat

extension LinuxKernel {
  /// Refuses an object that declares a kernel function in another way than this kernel has it: the verifier would speak
  /// of registers, and not of the declaration.
  ///
  /// Compared are the number of parameters, and whether each is a pointer or a number. A function that this kernel has
  /// by another name has other parameters, and is left to the verifier.
  func checkPrototypes(of object: ObjectFile, _ selected: [String]) throws(BPFError) {
    guard let local = object.types else { return }
    var names: Set<String> = []
    for name in selected {
      guard let program = object.programs[name] else { continue }
      for case .kernelFunction(let function, _) in program.references.values { names.insert(function) }
    }
    guard !names.isEmpty else { return }
    let kernel = try types()
    try findKernelFunctions(names)
    for name in names.sorted() {
      guard let declared = object.externs[name]?.type, let found = try kernelFunction(named: name),
        (try? kernel.name(of: found)) == essentialName(name),
        let ours = shape(of: declared, in: local), let theirs = shape(of: found, in: kernel)
      else { continue }
      guard ours.count == theirs.count else {
        throw .refusal(
          "kernel function '\(name)'",
          "the object declares it with \(ours.count) parameters, and this kernel has it with \(theirs.count)",
          advice: "take the declaration from this kernel's vmlinux.h (merops btf dump /sys/kernel/btf/vmlinux)")
      }
      for (index, (one, other)) in zip(ours, theirs).enumerated() where one != other {
        throw .refusal(
          "kernel function '\(name)'",
          "the object declares parameter \(index + 1) as a \(one.rawValue), and this kernel has a \(other.rawValue)",
          advice: "take the declaration from this kernel's vmlinux.h (merops btf dump /sys/kernel/btf/vmlinux)")
      }
    }
  }

  private enum ParameterShape: String {
    case pointer
    case number
    case other = "structure"
  }

  /// The parameters of a function, or of its prototype; `nil` when it cannot be read.
  private func shape(of function: BTFTypeID, in types: BTF) -> [ParameterShape]? {
    var id = function
    if case .function(let prototype, _)? = try? types.type(function).kind { id = prototype }
    guard case .functionPrototype(let prototype)? = try? types.type(id).kind else { return nil }
    return prototype.parameters.map { parameter in
      guard let resolved = try? types.resolve(parameter.type), let kind = try? types.type(resolved).kind else {
        return .other
      }
      switch kind {
      case .pointer, .array: return .pointer
      case .integer, .enumeration: return .number
      default: return .other
      }
    }
  }
}
