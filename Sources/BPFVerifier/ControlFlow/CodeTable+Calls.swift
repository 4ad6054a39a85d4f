internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension CodeTable {
  /// Notes what calls need to be known for before the walk: how many arguments they read and what they do outside.
  mutating func summarizeCalls(_ input: VerifiedInput) throws(Rejection) {
    for (index, instruction) in instructions.enumerated() {
      let function = Int(facts[index].function)
      switch instruction {
      case .call(.helper(let identifier))?:
        guard let prototype = input.helpers[identifier] else { continue }
        argumentCounts[index] = UInt8(prototype.arguments.count)
        if prototype.traits.contains(.changesPacket) { functions[function].changesPacket = true }
        if prototype.traits.contains(.mightSleep) { functions[function].mightSleep = true }
        if identifier == 12 {
          functions[function].hasTailCall = true
          // What is jumped to may have moved it.
          functions[function].changesPacket = true
        }
      case .call(.kernelFunction)?:
        guard case .kernelFunction(let name, _)? = input.references[index], let known = KernelFunction.named(name)
        else {
          continue
        }
        if name.hasPrefix("bpf_xdp_metadata_") {
          throw Rejection(
            message: "metadata kfuncs require device-bound program", errno: .invalidArgument, instruction: nil,
            cause: .kernelFunctionUnavailable(name))
        }
        guard input.isGPLCompatible else {
          throw Rejection(
            message: "cannot call kernel function from non-GPL compatible program", errno: .invalidArgument,
            instruction: nil, cause: .licence(name))
        }
        if let facts = input.kernelFunctions[name] { argumentCounts[index] = UInt8(min(facts.parameters.count, 5)) }
        if known.flags.contains(.sleepable) { functions[function].mightSleep = true }
        if known.role == .changesPacket { functions[function].changesPacket = true }
      case .loadPacket?: functions[function].hasLoadAbsolute = true
      default: continue
      }
    }
    try checkEarlyReturns(input.ownTypes)
  }

  /// What may return from a function in its middle, with a number, is for functions that return one.
  private func checkEarlyReturns(_ types: BTF?) throws(Rejection) {
    for function in functions.dropFirst() {
      for (name, isUsed) in [("LD_ABS", function.hasLoadAbsolute), ("tail_call", function.hasTailCall)] where isUsed {
        guard let id = function.type else { throw Self.earlyReturn("\(name) is not allowed in subprogs without BTF") }
        guard let types, case .function(let prototype, _)? = types.plain(id)?.kind,
          case .functionPrototype(let signature)? = types.plain(prototype)?.kind
        else { continue }
        switch types.plain(signature.result)?.kind {
        case .integer?, .enumeration?: continue
        default: throw Self.earlyReturn("\(name) is only allowed in functions that return 'int'.")
        }
      }
    }
  }

  private static func earlyReturn(_ message: String) -> Rejection {
    Rejection(message: message, errno: .invalidArgument, instruction: nil, cause: .other)
  }

  /// Whether and when the call at an index calls back.
  func timing(of index: Int, _ input: VerifiedInput) -> CallbackTiming {
    switch instructions[index] {
    case .call(.helper(let identifier))?:
      guard let prototype = input.helpers[identifier] else { return .never }
      if prototype.traits.contains(.callsBack) { return .before }
      return prototype.traits.contains(.callsBackLater) ? .later : .never
    case .call(.kernelFunction)?:
      guard case .kernelFunction(let name, _)? = input.references[index], let known = KernelFunction.named(name) else {
        return .never
      }
      if known.flags.contains(.iteratorNext) { return .iteration }
      switch known.role {
      case .addToTree: return .before
      case .setWorkCallback, .scheduleTaskWork: return .later
      default: return .never
      }
    default: return .never
    }
  }
}
