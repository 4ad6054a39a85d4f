import Merops

/// What `merops verify` tells of an object; its members are the JSON document's.
package struct VerifyReport: Codable, Sendable {
  package var object: String
  /// Who verified: `simulated` or `linux`.
  package var engine: String
  package var programs: [ProgramEntry] = []
  /// Why there is nothing to say about programs, where that is so.
  package var error: Problem?

  /// Why a file cannot be verified.
  package struct Problem: Codable, Sendable {
    package var message: String
    /// What the compiler said.
    package var details: String?
    /// The exit status that stands for it.
    package var status: Int32

    init(_ failure: CommandFailure) {
      message = failure.message
      details = failure.details.isEmpty ? nil : failure.details
      status = failure.status.rawValue
    }
  }

  /// The exit status that the verdicts ask for.
  var status: CommandStatus {
    if programs.contains(where: { $0.verdict == .refused }) { return .failed }
    return programs.contains { $0.verdict == .unknown } ? .unsupported : .success
  }

  /// A program and its verdict.
  package struct ProgramEntry: Codable, Sendable {
    package var name: String
    package var section: String
    package var instructionCount: Int
    package var verdict: Verdict
    package var processedInstructions: Int?
    package var totalStates: Int?
    package var peakStates: Int?
    /// The bytes of stack of each function.
    package var stackDepths: [Int]?
    /// Milliseconds.
    package var duration: Double
    package var diagnostic: DiagnosticReport?
    package var log: String?
  }

  /// What is said of a program.
  package enum Verdict: String, Codable, Sendable {
    case accepted
    case refused
    /// The verifier does not model something that the program does.
    case unknown
  }
}

extension VerifyReport.ProgramEntry {
  init(_ program: Program, _ answer: VerdictSource.Answer, duration: Duration, hasLog: Bool) {
    name = program.name
    section = program.section
    instructionCount = program.instructions.count
    verdict = answer.isAccepted ? .accepted : answer.isUnknown ? .unknown : .refused
    processedInstructions = answer.statistics?.processedInstructions
    totalStates = answer.statistics?.totalStates
    peakStates = answer.statistics?.peakStates
    stackDepths = answer.statistics?.stackDepths
    self.duration = duration.milliseconds
    diagnostic = answer.diagnostic.map(DiagnosticReport.init)
    log = hasLog ? answer.log : nil
  }
}

extension Duration {
  var milliseconds: Double {
    Double(components.seconds) * 1000 + Double(components.attoseconds / 1_000_000_000_000) / 1000
  }
}
