/// A value that a lock of its owner guards, for a class that others share.
///
/// Unchecked: the owner calls `withValue` only with that lock held.
final class Guarded<Value>: @unchecked Sendable {
  private var value: Value
  init(_ value: Value) { self.value = value }
  func withValue<Result>(_ body: (inout Value) -> Result) -> Result { body(&value) }
}
