/// A register of the machine (RFC 9669, section 2): ten general ones and the read-only frame pointer.
public enum Register: UInt8, Hashable, Sendable, CaseIterable {
  /// The return value of a call and the exit value of a program.
  case r0
  /// The first argument of a call.
  case r1
  /// The second argument of a call.
  case r2
  /// The third argument of a call.
  case r3
  /// The fourth argument of a call.
  case r4
  /// The fifth argument of a call.
  case r5
  /// Preserved across calls.
  case r6
  /// Preserved across calls.
  case r7
  /// Preserved across calls.
  case r8
  /// Preserved across calls.
  case r9
  /// The frame pointer, one past the highest byte of the frame.
  case r10

  /// The read-only register that points one past the current frame.
  public static let framePointer = Register.r10
}
