internal import BPFInstructions
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
    do throws(Rejection) {
      guard options.capabilities == .all else {
        throw Rejection(
          message: "not modelled: loading without CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN", errno: .notSupported,
          instruction: nil, cause: .unsupported("missing capabilities"))
      }
      var code = try CodeTable(program, types: object.types)
      let input = try VerifiedInput(program, object: object, kernelTypes: kernelTypes, kernel: options.kernel)
      try code.summarizeCalls(input)
      try checkMaps(input)
      let timings = code.instructions.indices.map { code.timing(of: $0, input) }
      try code.analyzeControlFlow { timings[$0] }
      var exploration = Exploration(input, code: code, options: options, observer: observer)
      return exploration.verdict()
    } catch {
      var rejection = error
      var log = VerifierLog(start: options.log == .none ? nil : 0, keepsPaths: true, limit: options.limits.logBytes)
      log.write(error.message)
      log.write(error.statistics, limit: options.limits.processedInstructions)
      rejection.log = log.contents
      return .rejected(rejection)
    }
  }

  private func checkMaps(_ input: VerifiedInput) throws(Rejection) {
    for map in input.maps {
      if let message = MapRule.refusal(of: map.definition, fields: map.fields, for: input.kind) {
        throw Rejection(
          message: message, errno: .invalidArgument, instruction: nil,
          cause: .mapType(map: map.definition.name, function: input.kind.type.description))
      }
    }
  }
}
