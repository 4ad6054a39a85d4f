/// One word for each element of a map: nothing, or the element's context.
///
/// Belongs to the engine, beside the map: the eight bytes of `struct bpf_task_work` in the value itself stay zero. An
/// element that is given to another key keeps its index and thereby its slot, as a recycled kernel element keeps its
/// memory; the map's hooks release the slot when the element is updated, deleted or evicted.
///
/// Release all slots before the last reference goes (``TaskWorkScheduler/releaseAll(_:using:)``): what is left in them
/// keeps its references for ever.
public struct TaskWorkSlots: ~Copyable, Sendable {
  let storage: WordStorage

  /// Empty slots, as many as the map can have elements at once.
  public init(count: Int) {
    storage = WordStorage(count: count)
  }

  /// How many elements the map can have at once.
  public var count: Int { storage.count }

  /// The context of an element, if it has one; a moment's answer.
  public func context(of element: Int) -> TaskWorkContext? {
    TaskWorkContext(rawValue: storage[element].load())
  }
}
