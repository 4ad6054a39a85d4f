import BPFDiagnostics
import BPFExecution
import BPFObject
public import BPFVerifier

/// Whether programs are verified when they are loaded.
public enum ProgramVerification: Hashable, Sendable {
  /// As Linux does: what the verifier refuses is not loaded. Of a program that it accepts, the interpreter checks only what
  /// was not proven. A program with something in it that the verifier does not model is loaded and checked while it runs.
  case standard
  /// Any program is loaded, and each of its accesses is checked while it runs.
  case none
}

/// How a program in the simulated kernel is executed.
public enum ProgramExecution: Sendable {
  /// Without checks where the verifier has proven them needless.
  case verified(VerificationStatistics)
  /// With checks at each access; with the reason, where the program was to be verified and could not be.
  case checked(reason: String?)

  /// Whether the verifier has accepted the program.
  public var isVerified: Bool { if case .verified = self { true } else { false } }
}

extension Machine {
  /// Puts a program to the verifier, with the types of this kernel.
  ///
  /// - Parameters:
  ///   - program: the program, fitted to this kernel's types, its references by name.
  ///   - object: the object that it is from.
  /// - Returns: how it is to be executed, and what was proven of each slot.
  /// - Throws: `LoadError` with the verifier's finding.
  func verify(
    _ program: Program, of object: ObjectFile
  ) throws(LoadError) -> (execution: ProgramExecution, proof: [ProvenAccess]) {
    var options = VerifierOptions()
    options.kernel.processorCount = configuration.cpuCount
    // Which helpers this kernel has was looked at before.
    options.kernel.missingHelpers = []
    let verifier = Verifier(options: options)
    switch verifier.verify(program, of: object, kernelTypes: types) {
    case .accepted(let verified):
      return (.verified(verified.statistics), verified.proof)
    case .rejected(let rejection):
      if case .unsupported(let what) = rejection.cause {
        return (.checked(reason: "the verifier does not know \(what) yet"), [])
      }
      let diagnostic = verifier.diagnostic(of: rejection, program, of: object, kernelTypes: types)
      var error = LoadError(.program(program.name), diagnostic.headline, instruction: rejection.instruction)
      error.diagnostic = diagnostic
      throw error
    }
  }
}

extension VerifiedProgram {
  /// What need not be checked of each slot. One that was seen to access several kinds of memory is checked, and so is one
  /// that the verifier never came to.
  package var proof: [ProvenAccess] {
    accesses.map { access in
      switch access {
      case .bounded: .withinRegion
      case .kernelStructure: .kernelStructure
      default: .nothing
      }
    }
  }
}
