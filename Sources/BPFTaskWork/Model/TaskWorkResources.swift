/// What an engine answers for: references on its programs and tasks, the user count of its maps, its work lists.
///
/// All of these are called from wherever a program runs, so also from an NMI or a signal handler: an engine that has
/// such contexts must neither block nor allocate in them, and puts off the freeing of what loses its last reference.
public protocol TaskWorkResources: AnyObject, Sendable {
  /// Takes a reference on a program, or says that the program is being freed.
  func takeProgramReference(_ program: UInt64) -> Bool

  /// Drops a reference on a program.
  func dropProgramReference(_ program: UInt64)

  /// Takes a reference on a task, or says that it has none to take (it is gone, or an idle task).
  ///
  /// Is also asked, by a deferred step that finds its context released, about a task whose last reference may be gone;
  /// the answer is then no, never a trap.
  func takeTaskReference(_ task: UInt64) -> Bool

  /// Drops a reference on a task.
  func dropTaskReference(_ task: UInt64)

  /// Whether user space still holds the map by a descriptor or a pin.
  ///
  /// Closing the last one lowers the count first and then releases the slots; `schedule` fills the slot first and then
  /// asks here. One of the two sees the other only if both accesses to the count are sequentially consistent.
  func mapHasUserReference(_ map: UInt64) -> Bool

  /// Puts a step on the ``DeferredStepQueue`` of the current CPU, to be performed when interrupts are next enabled.
  ///
  /// Where they are enabled now, an engine performs it before it returns from here, as a self-interrupt would.
  func queue(_ step: DeferredStep)

  /// Pushes a context on the ``TaskWorkList`` of a task and tells the thread as the mode asks.
  ///
  /// The task's reference is held during the call; when it has returned true the callback may already have run.
  /// - Returns: false when the thread no longer accepts work (its list is closed).
  func attach(_ context: TaskWorkContext, to task: UInt64, mode: TaskWorkMode) -> Bool

  /// Removes a context from the ``TaskWorkList`` of a task, whose reference is held during the call.
  /// - Returns: whether it was still there.
  func detach(_ context: TaskWorkContext, from task: UInt64) -> Bool
}
