/// What is known of a 64-bit value: its bits one by one, and four ranges that it lies in.
public struct ScalarNumber: Hashable, Sendable, BitwiseCopyable {
  /// The bits.
  public var bits: TristateNumber
  /// The smallest value, unsigned.
  public var unsignedMinimum: UInt64
  /// The largest value, unsigned.
  public var unsignedMaximum: UInt64
  /// The smallest value, signed.
  public var signedMinimum: Int64
  /// The largest value, signed.
  public var signedMaximum: Int64
  /// The smallest value of the low 32 bits, unsigned.
  public var unsignedMinimum32: UInt32
  /// The largest value of the low 32 bits, unsigned.
  public var unsignedMaximum32: UInt32
  /// The smallest value of the low 32 bits, signed.
  public var signedMinimum32: Int32
  /// The largest value of the low 32 bits, signed.
  public var signedMaximum32: Int32
}
