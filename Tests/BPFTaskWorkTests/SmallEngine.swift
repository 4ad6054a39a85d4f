import BPFTaskWork
import Synchronization

/// The least engine that the module needs: tasks, programs and maps are numbers, there is one CPU, and nothing happens
/// unless a test says so.
final class SmallEngine: TaskWorkResources {
  static let program: UInt64 = 100
  static let map: UInt64 = 200
  static let taskCount = 4

  let scheduler: TaskWorkScheduler
  let slots: TaskWorkSlots
  let cpu: DeferredStepQueue
  private let tasks: [Task]

  /// While false, deferred steps wait; while true, each is performed within the call that queues it.
  let interruptsEnabled = Atomic(false)
  let programReferences = Atomic(0)
  let programIsAlive = Atomic(true)
  let mapUsers = Atomic(1)
  /// After so many answers, the map's last user goes; nil for never.
  let mapAnswersLeft = Atomic(Int.max)
  /// Called while a request is being attached, before it is.
  let onAttach = Mutex<(@Sendable () -> Void)?>(nil)
  /// Called when a reference on a program is dropped.
  let onDrop = Mutex<(@Sendable () -> Void)?>(nil)
  private let entries = Mutex([String]())

  final class Task: Sendable {
    let work: TaskWorkList
    let references = Atomic(0)
    let canBeReferenced = Atomic(true)

    init(_ scheduler: TaskWorkScheduler) {
      work = TaskWorkList(of: scheduler)
    }
  }

  init(elements: Int = 8, stock: Int = 16) {
    let scheduler = TaskWorkScheduler(stock: stock)
    self.scheduler = scheduler
    slots = TaskWorkSlots(count: elements)
    cpu = DeferredStepQueue(of: scheduler)
    tasks = (0..<Self.taskCount).map { _ in Task(scheduler) }
  }

  func task(_ number: UInt64) -> Task { tasks[Int(number)] }

  /// What happened, in order: references, steps and callbacks.
  var log: [String] { entries.withLock { $0 } }

  func note(_ entry: String) { entries.withLock { $0.append(entry) } }

  func clearLog() { entries.withLock { $0 = [] } }

  // MARK: What a test does

  func request(_ element: Int = 0, task: UInt64 = 0, mode: TaskWorkMode = .resume) -> TaskWorkRequest {
    TaskWorkRequest(
      task: task, program: Self.program, map: Self.map, element: element, callback: 7, mode: mode)
  }

  @discardableResult
  func schedule(_ element: Int = 0, task: UInt64 = 0, mode: TaskWorkMode = .resume) -> ScheduleOutcome {
    scheduler.schedule(request(element, task: task, mode: mode), in: slots, using: self)
  }

  @discardableResult
  func release(_ element: Int = 0) -> ReleaseOutcome {
    scheduler.release(element, of: slots, using: self)
  }

  /// What enabling interrupts does: performs all that waits.
  @discardableResult
  func performDeferredSteps() -> [DeferredOutcome] {
    var outcomes: [DeferredOutcome] = []
    while true {
      var steps = cpu.takeAll()
      if steps.isEmpty { return outcomes }
      while let step = steps.next() { outcomes.append(scheduler.perform(step, using: self)) }
    }
  }

  /// What a thread does on its way to user mode; answers with the elements whose callbacks ran.
  @discardableResult
  func runWork(of task: UInt64 = 0, closing: Bool = false, _ body: (TaskWorkRequest) -> Void = { _ in }) -> [Int] {
    var elements: [Int] = []
    self.task(task).work.runAll(closing: closing) { context in
      scheduler.run(context, using: self) { request in
        elements.append(request.element)
        body(request)
      }
    }
    return elements
  }

  func state(_ element: Int = 0) -> TaskWorkState? {
    context(of: element).flatMap { scheduler.state(of: $0) }
  }

  // What the expectation macros cannot reach through values that are not copyable.

  func context(of element: Int) -> TaskWorkContext? { slots.context(of: element) }

  var hasDeferredSteps: Bool { !cpu.isEmpty }

  func push(_ step: DeferredStep) -> Bool { cpu.push(step) }

  /// The deferred steps that wait, without performing them.
  func takeDeferredSteps() -> [DeferredStep] {
    var taken: [DeferredStep] = []
    var steps = cpu.takeAll()
    while let step = steps.next() { taken.append(step) }
    return taken
  }

  func hasWork(_ task: UInt64 = 0) -> Bool { !self.task(task).work.isEmpty }

  func isClosed(_ task: UInt64 = 0) -> Bool { self.task(task).work.isClosed }

  func remove(_ context: TaskWorkContext, from task: UInt64 = 0) -> Bool { self.task(task).work.remove(context) }

  /// What the thread would find, without running it.
  func takeWork(of task: UInt64 = 0) -> [TaskWorkContext] {
    var taken: [TaskWorkContext] = []
    var batch = self.task(task).work.takeAll()
    while let context = batch.next() { taken.append(context) }
    return taken
  }

  // MARK: TaskWorkResources

  func takeProgramReference(_ program: UInt64) -> Bool {
    note("take program")
    guard programIsAlive.load(ordering: .acquiring) else { return false }
    programReferences.wrappingAdd(1, ordering: .relaxed)
    return true
  }

  func dropProgramReference(_ program: UInt64) {
    note("drop program")
    onDrop.withLock { $0 }?()
    programReferences.wrappingSubtract(1, ordering: .relaxed)
  }

  func takeTaskReference(_ task: UInt64) -> Bool {
    note("take task")
    guard self.task(task).canBeReferenced.load(ordering: .acquiring) else { return false }
    self.task(task).references.wrappingAdd(1, ordering: .relaxed)
    return true
  }

  func dropTaskReference(_ task: UInt64) {
    note("drop task")
    self.task(task).references.wrappingSubtract(1, ordering: .relaxed)
  }

  func mapHasUserReference(_ map: UInt64) -> Bool {
    note("map")
    if mapAnswersLeft.wrappingSubtract(1, ordering: .sequentiallyConsistent).oldValue <= 0 {
      mapUsers.store(0, ordering: .sequentiallyConsistent)
    }
    return mapUsers.load(ordering: .sequentiallyConsistent) > 0
  }

  func queue(_ step: DeferredStep) {
    note("queue \(step.kind)")
    cpu.push(step)
    if interruptsEnabled.load(ordering: .relaxed) { performDeferredSteps() }
  }

  func attach(_ context: TaskWorkContext, to task: UInt64, mode: TaskWorkMode) -> Bool {
    note("attach \(mode)")
    onAttach.withLock { $0 }?()
    return self.task(task).work.push(context)
  }

  func detach(_ context: TaskWorkContext, from task: UInt64) -> Bool {
    note("detach")
    return self.task(task).work.remove(context)
  }
}

extension Atomic where Value == Int {
  var value: Int { load(ordering: .acquiring) }
}
