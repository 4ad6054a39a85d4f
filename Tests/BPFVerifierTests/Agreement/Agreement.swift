import BPFObject
import BPFTypeFormat
import BPFVerifier
import Foundation

/// What this verifier says of a program, in the kernel's terms.
struct OwnAnswer: Sendable {
  var verdict: RecordedVerdict
  var processed: Int
  /// What this verifier does not model, if that is why there is no verdict.
  var unsupported: String?

  /// The running kernel knows how many processors there can be.
  static let options: VerifierOptions = {
    var options = VerifierOptions()
    options.kernel.processorCount = ProcessInfo.processInfo.processorCount
    return options
  }()

  init(_ program: Program, of object: ObjectFile, kernelTypes: BTF?) {
    let verdict = Verifier(options: Self.options).verify(program, of: object, kernelTypes: kernelTypes)
    processed = verdict.statistics.processedInstructions
    self.verdict = .accepted
    guard let rejection = verdict.rejection else { return }
    if case .unsupported(let what) = rejection.cause { unsupported = what }
    self.verdict = RecordedVerdict(
      error: KernelErrorName.of(rejection.errno), instruction: rejection.instruction,
      message: rejection.message.split(separator: "\n").joined(separator: " / "))
  }
}

/// In what the two verifiers differ about a program.
enum Difference: String, CaseIterable, Sendable {
  /// Accepted here and refused by the kernel: never to be lived with.
  case acceptedHere = "accepted here"
  /// Refused here and accepted by the kernel.
  case refusedHere = "refused here"
  /// This verifier has no verdict.
  case unsupported
  case error
  case instruction
  /// The last line of the message, which is what people search for.
  case message

  init?(kernel: RecordedVerdict, own: OwnAnswer) {
    if own.unsupported != nil {
      self = .unsupported
    } else if kernel.isAccepted != own.verdict.isAccepted {
      self = own.verdict.isAccepted ? .acceptedHere : .refusedHere
    } else if kernel.isAccepted {
      return nil
    } else if kernel.error != own.verdict.error {
      self = .error
    } else if kernel.instruction != nil && kernel.instruction != own.verdict.instruction {
      self = .instruction
    } else if kernel.keyLine != own.verdict.keyLine {
      self = .message
    } else {
      return nil
    }
  }
}

extension RecordedVerdict {
  /// The last line of the message that is no state: states of a loop come after what is wrong with it.
  var keyLine: String {
    message.split(separator: " / ").last { !$0.hasPrefix("cur state:") && !$0.hasPrefix("old state:") }.map(String.init)
      ?? ""
  }
}

/// How often the two differ, by what.
struct AgreementCounts: CustomStringConvertible {
  var cases = 0
  var byDifference: [Difference: Int] = [:]

  mutating func add(_ difference: Difference?) {
    cases += 1
    if let difference { byDifference[difference, default: 0] += 1 }
  }

  var equal: Int { cases - byDifference.values.reduce(0, +) }

  var description: String {
    let parts = Difference.allCases.compactMap { difference in
      byDifference[difference].map { "\(difference.rawValue) \($0)" }
    }
    return "\(cases) cases, \(equal) equal" + (parts.isEmpty ? "" : "; " + parts.joined(separator: ", "))
  }
}
