public import BPFInstructions

/// Why a program was rejected: where, what, and how it came to that.
public struct Rejection: Error, Sendable {
  /// The kernel's own message, the last line of its log before the statistics; several lines where the kernel writes so.
  public var message: String
  /// The error number that `BPF_PROG_LOAD` returns, positive: 13 for `EACCES`.
  public var errno: Int32
  /// The instruction at which the check failed; nil where the program as a whole is at fault.
  public var instruction: Int?
  /// The kind of trouble, with its operands.
  public var cause: Cause
  /// The registers of the function being walked, before the instruction; those that hold something.
  public var registers: [RegisterSnapshot] = []
  /// The stack of the function being walked, by slot from the frame pointer down; those that hold something.
  public var stack: [StackSnapshot] = []
  /// The calls that led to the function being walked: the index of each call, outermost first.
  public var calls: [Int] = []
  /// What the verification took up to here.
  public var statistics = VerificationStatistics()
  /// The kernel's log, as far as one was asked for.
  public var log = ""

  init(message: String, errno: Int32, instruction: Int?, cause: Cause) {
    self.message = message
    self.errno = errno
    self.instruction = instruction
    self.cause = cause
  }
}

/// A register as the verifier knows it.
public struct RegisterSnapshot: Hashable, Sendable {
  /// The register.
  public var register: Register
  /// What it is, in the kernel's words: `scalar`, `map_value_or_null`, `ctx`.
  public var kind: String
  /// The map that a pointer belongs to, or the structure that it points to.
  public var target: String?
  /// The constant part of a pointer's offset in bytes.
  public var offset: Int
  /// What is known of a scalar, or of the variable part of a pointer's offset.
  public var number: ScalarNumber
  /// Whether it may be null.
  public var isNullable: Bool
  /// The whole in the form of the kernel's log, such as `map_value(map=counts,ks=4,vs=8)`.
  public var text: String
}

/// Eight bytes of a function's stack as the verifier knows them.
public struct StackSnapshot: Hashable, Sendable {
  /// The offset from the frame pointer of the first of the eight bytes: -8, -16, …
  public var offset: Int
  /// The bytes by letters of the kernel's log, lowest address first: `r` spilled, `m` unknown, `0` zero, `?` never
  /// written, `d` dynptr, `i` iterator, `f` interrupt flag.
  public var bytes: String
  /// The register that was spilled there.
  public var register: RegisterSnapshot?
}
