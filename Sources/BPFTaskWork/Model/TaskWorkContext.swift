/// Names one use of one context: an index in the scheduler's pool and the number of that use.
///
/// The memory of a context is used again for other slots, but never given back while the scheduler lives. A name that
/// has outlived its use therefore does no harm: its number no longer fits, and every operation on it is refused. This
/// takes the place of the grace period which the kernel waits before it frees a context.
///
/// The number has 32 bits, so a stale name would be mistaken for a live one only if the same piece of memory were used
/// exactly 2³² times in between.
public struct TaskWorkContext: Hashable, Sendable, CustomStringConvertible {
  /// The index in the low 31 bits, bit 31 clear, the number of the use (never zero) in the high 32 bits.
  package let rawValue: UInt64

  package init?(rawValue: UInt64) {
    guard rawValue >> 32 != 0, rawValue & UInt64(Self.indexLimit) == 0 else { return nil }
    self.rawValue = rawValue
  }

  package init(index: UInt32, generation: UInt32) {
    rawValue = UInt64(generation) << 32 | UInt64(index & (Self.indexLimit - 1))
  }

  /// One more than the greatest index; the bit is used to tell the two kinds of deferred step apart.
  package static var indexLimit: UInt32 { 1 << 31 }

  package var index: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

  package var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

  /// The index and the number of the use, for a timeline or a test's message.
  public var description: String { "context \(index) (use \(generation))" }
}
