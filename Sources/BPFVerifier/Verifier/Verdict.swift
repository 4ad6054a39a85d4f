public import BPFObject

/// What the verifier says about a program.
public enum Verdict: Sendable {
  /// The program is safe.
  case accepted(VerifiedProgram)
  /// The program is not safe, or was not found to be.
  case rejected(Rejection)

  /// The program, if it was accepted.
  public var program: VerifiedProgram? { if case .accepted(let program) = self { program } else { nil } }
  /// The reason, if it was rejected.
  public var rejection: Rejection? { if case .rejected(let rejection) = self { rejection } else { nil } }
  /// What the verification took.
  public var statistics: VerificationStatistics {
    switch self {
    case .accepted(let program): program.statistics
    case .rejected(let rejection): rejection.statistics
    }
  }
  /// The kernel's log, as far as one was asked for.
  public var log: String {
    switch self {
    case .accepted(let program): program.log
    case .rejected(let rejection): rejection.log
    }
  }
}

/// A program that the verifier has found safe. Only the verifier makes one.
public struct VerifiedProgram: Sendable {
  /// The program, with its references as they were.
  public let program: Program
  /// What the verification took.
  public let statistics: VerificationStatistics
  /// The kernel's log, as far as one was asked for.
  public let log: String
  /// What each slot was seen to access, empty for one that accesses nothing and for one that no path comes to.
  package let accesses: [AccessedMemory]

  init(program: Program, statistics: VerificationStatistics, log: String, accesses: [AccessedMemory]) {
    self.program = program
    self.statistics = statistics
    self.log = log
    self.accesses = accesses
  }
}

/// What a verification took, in the kernel's terms.
public struct VerificationStatistics: Hashable, Sendable {
  /// The instructions processed, over all paths.
  public var processedInstructions = 0
  /// The states that were kept for comparison, over the whole verification.
  public var totalStates = 0
  /// The most states that were kept at one time.
  public var peakStates = 0
  /// The most states that were looked at for one instruction.
  public var maximumStatesPerInstruction = 0
  /// The bytes of stack that each function uses, in the order of the functions' first instructions.
  public var stackDepths: [Int] = []
  /// The most bytes that states took.
  public var peakStateBytes = 0

  /// Nothing so far.
  public init() {}
}
