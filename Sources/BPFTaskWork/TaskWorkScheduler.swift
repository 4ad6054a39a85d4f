import Synchronization

/// The contexts of an engine and the steps that requests take with them.
///
/// An engine has one scheduler, ``TaskWorkSlots`` for each map with the field, a ``TaskWorkList`` for each thread, and a
/// ``DeferredStepQueue`` for each CPU. It passes itself, as ``TaskWorkResources``, to each call.
///
///     let outcome = scheduler.schedule(request, in: map.slots, using: engine)   // in the kfunc
///
///     var steps = cpu.deferredSteps.takeAll()                                   // when interrupts are enabled
///     while let step = steps.next() { scheduler.perform(step, using: engine) }
///
///     task.work.runAll { context in                                             // on the way to user mode
///       scheduler.run(context, using: engine) { request in … }
///     }
///
/// `schedule` and `release` are lock-free and do not allocate: contexts come from a stock that was laid in before.
public final class TaskWorkScheduler: Sendable {
  let table = ContextTable()
  /// How many contexts have ever been made; the next index.
  private let madeCount = Mutex(0)

  /// A scheduler with a stock of contexts for so many elements that use the field for the first time.
  public init(stock: Int) {
    replenish(to: stock)
  }

  deinit {
    table.destroy()
  }

  private var algorithm: TaskWorkAlgorithm<ContextTable> { TaskWorkAlgorithm(memory: table) }

  // MARK: Stock

  /// How many contexts are free; a moment's figure while other threads take and give back.
  public var freeContextCount: Int { table.stock }

  /// Makes new contexts until so many are free.
  ///
  /// Allocates and takes a lock, so not from an interrupt. The kernel refills its cache in this way once interrupts are
  /// enabled: in one interrupts-off run some 48 elements got their first context on 6.18, the others -ENOMEM.
  /// - Returns: whether so many are free; false when the pool has its greatest size, some 16.7 million contexts.
  @discardableResult
  public func replenish(to stock: Int) -> Bool {
    madeCount.withLock { made in
      while table.stock < stock {
        guard made < ContextTable.greatestCount else { return false }
        let index = UInt32(made)
        table.prepareSegment(of: index)
        algorithm.deallocate(index)
        made += 1
      }
      return true
    }
  }

  // MARK: Programs and maps

  /// Asks for a callback, as the kfuncs do; the slot is that of the request's element.
  ///
  /// From any context. The references on program and task are taken first and, unless the request is accepted, dropped.
  public func schedule(
    _ request: TaskWorkRequest, in slots: borrowing TaskWorkSlots, using resources: any TaskWorkResources
  ) -> ScheduleOutcome {
    algorithm.schedule(request, slot: slots.storage[request.element], resources)
  }

  /// Lets go of an element's context: on update, delete, eviction, and when the map loses its last user.
  ///
  /// A request that has not started is cancelled; a callback that runs is not waited for. The element can be scheduled
  /// again at once. From any context, any number of times.
  @discardableResult
  public func release(
    _ element: Int, of slots: borrowing TaskWorkSlots, using resources: any TaskWorkResources
  ) -> ReleaseOutcome {
    algorithm.release(slot: slots.storage[element], resources)
  }

  /// Lets go of the contexts of all elements, after the map's user count has become zero.
  public func releaseAll(_ slots: borrowing TaskWorkSlots, using resources: any TaskWorkResources) {
    for element in 0..<slots.count {
      release(element, of: slots, using: resources)
    }
  }

  // MARK: Deferred steps

  /// Performs a step that was taken off a ``DeferredStepQueue``. May take the lock of a thread's list.
  @discardableResult
  public func perform(_ step: DeferredStep, using resources: any TaskWorkResources) -> DeferredOutcome {
    switch step.kind {
    case .attach: algorithm.performAttach(step.context, resources)
    case .cancel: algorithm.performCancel(step.context, resources)
    }
  }

  // MARK: The target thread

  /// Brings a context that was taken off the thread's list to RUNNING, if it was not released meanwhile.
  public func begin(_ context: TaskWorkContext, using resources: any TaskWorkResources) -> CallbackStart {
    algorithm.begin(context, resources)
  }

  /// Says that a callback has returned: drops the references on program and task, then returns to STANDBY.
  /// - Returns: whether the context is ready for another request; false if its slot was released during the callback.
  @discardableResult
  public func finish(_ callback: consuming RunningCallback, using resources: any TaskWorkResources) -> Bool {
    algorithm.finish(callback, resources)
  }

  /// Begins, calls the body with the request, and finishes, also when the body throws.
  /// - Returns: whether the body was called; false if the slot was released before.
  @discardableResult
  public func run<Failure: Error>(
    _ context: TaskWorkContext, using resources: any TaskWorkResources,
    _ body: (TaskWorkRequest) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    switch begin(context, using: resources) {
    case .running(let callback):
      do throws(Failure) {
        try body(callback.request)
      } catch {
        finish(callback, using: resources)
        throw error
      }
      finish(callback, using: resources)
      return true
    case .cancelled:
      return false
    case .refused:
      return false
    }
  }

  /// The state of a context, or nil if this use of it is over; a moment's answer, for timelines and tests.
  public func state(of context: TaskWorkContext) -> TaskWorkState? {
    let word = StateWord(rawValue: table.word(.state, of: context.index).load())
    let references = ReferenceWord(rawValue: table.word(.references, of: context.index).load())
    guard references.generation == context.generation, references.count > 0 else { return nil }
    return word.generation == context.generation ? word.state : nil
  }
}
