/// Is told when the special fields of a map value have to be given up: task work, timers and work queues cancelled,
/// kernel pointers released.
///
/// The map does the bytes (they are zero for users, and not written by updates), the observer the state beside them.
public protocol SpecialFieldObserver: AnyObject, Sendable {
  /// The special fields of a value are released now.
  ///
  /// Called on the thread that does the operation, with a lock of the map held: must not call the map's operations,
  /// and must not wait. The value's memory may be read. A call for a value with nothing outstanding is common, as are
  /// calls from several threads at once for different elements.
  ///
  /// - Parameters:
  ///   - element: the element.
  ///   - offset: the offset of the value in the map's memory (per-CPU maps have several for one element).
  ///   - map: the map.
  ///   - cause: why.
  func elementWillBeReleased(_ element: ElementIndex, valueAt offset: Int, of map: BPFMap, cause: ReleaseCause)
}

/// Why the special fields of a value are released.
public enum ReleaseCause: Hashable, Sendable {
  /// The element was overwritten: in place (arrays) or by a new one (hashes).
  case update
  /// The element was deleted.
  case delete
  /// The element was looked up and deleted in one operation.
  case lookupAndDelete
  /// The element made room for another.
  case eviction
  /// The map lost its last user reference, or ceased to be.
  case mapRelease
}
