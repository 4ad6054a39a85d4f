public import BPFDiagnostics
public import BPFObject
public import BPFTypeFormat

extension Verifier {
  /// What is wrong with a program that was refused, in words for people.
  ///
  /// They are made from the log, as those about a program that a kernel refuses. A rejection without a log makes the verifier
  /// walk the program once more and write the end of one.
  ///
  /// - Parameters:
  ///   - rejection: the verdict on the program.
  ///   - program: the program as it was verified.
  ///   - object: the object that it is from.
  ///   - kernelTypes: the types that it was verified with.
  public func diagnostic(
    of rejection: Rejection, _ program: Program, of object: ObjectFile, kernelTypes: BTF? = nil
  ) -> Diagnostic {
    let version = "\(options.kernel.major).\(options.kernel.minor)"
    if case .unsupported(let what) = rejection.cause {
      return Diagnostic(unsupported: what, at: rejection.instruction, of: program)
    }
    var log = rejection.log
    if options.log == .none {
      var explaining = self
      explaining.options.log = .path
      explaining.options.limits.logBytes = 4 << 20
      explaining.options.instructionsBeforeLog = max(
        rejection.statistics.processedInstructions - Self.explainedInstructions, 0)
      log = explaining.verify(program, of: object, kernelTypes: kernelTypes).log
    }
    // What is wrong with the program before any of it is walked is not in a log.
    if log.isEmpty { log = rejection.message + "\n" }
    var diagnostic = Diagnostic(kernelLog: log, of: program, kernelVersion: version)
    diagnostic.kernelMessage = rejection.message
    if diagnostic.instruction == nil, let index = rejection.instruction {
      diagnostic.instruction = index
      diagnostic.place = program.place(of: index)
    }
    if options.log == .none { diagnostic.log = "" }
    return diagnostic
  }

  /// The instructions at the end of a walk that are looked at for an explanation.
  private static let explainedInstructions = 50_000
}

extension Diagnostic {
  /// That something in a program is not modelled, so that there is no verdict.
  init(unsupported what: String, at instruction: Int?, of program: Program) {
    self.init(
      "this cannot be verified yet: \(what)", severity: .warning, category: .policy, program: program.name,
      instruction: instruction)
    // What depends on the types may be known with those of another kernel.
    let isOfTypes = ["the prototype of ", "struct ", "the parameter "].contains { what.hasPrefix($0) }
    suggestion =
      (isOfTypes ? "give the types of the kernel that is meant, such as --btf /sys/kernel/btf/vmlinux, or " : "")
      + "ask the kernel: merops verify --engine linux"
    guard let instruction else { return }
    place = program.place(of: instruction)
    function = program.functionName(at: instruction).flatMap { $0 == program.name ? nil : $0 }
    labels = Self.labels(for: self)
  }
}
