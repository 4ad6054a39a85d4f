/// A 64-bit value of which some bits are known ("tnum").
///
/// A bit that is set in ``mask`` is unknown and clear in ``value``; the others are those of ``value``. After Vishwanathan
/// and others, "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers" (CGO 2022).
public struct TristateNumber: Hashable, Sendable, BitwiseCopyable {
  /// The known bits.
  public var value: UInt64
  /// The unknown bits.
  public var mask: UInt64

  /// The number whose known bits are those of `value` outside of `mask`.
  @inline(__always)
  public init(value: UInt64, mask: UInt64) {
    self.value = value
    self.mask = mask
  }

  /// A number of which every bit is known.
  @inline(__always)
  public init(_ value: UInt64) { self.init(value: value, mask: 0) }

  /// A number of which nothing is known.
  public static let unknown = TristateNumber(value: 0, mask: .max)

  /// Whether every bit is known.
  @inline(__always)
  public var isConstant: Bool { mask == 0 }
}
