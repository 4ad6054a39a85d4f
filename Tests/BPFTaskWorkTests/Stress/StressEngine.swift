import BPFTaskWork
import Synchronization

/// An engine of many threads without any lock of its own, so that it orders nothing that the module should order.
///
/// Every CPU is one thread that schedules, releases and performs deferred steps; every task is one thread.
final class StressEngine: TaskWorkResources, @unchecked Sendable {
  let scheduler: TaskWorkScheduler
  let slots: TaskWorkSlots
  let cpus: [CPU]
  let tasks: [Task]
  let mapUsers = Atomic(1)
  /// Program, by CPU of the request.
  let programs: [Counter]
  /// What each request was answered, and how often it ran: bit 0 accepted, above it the number of runs.
  let requests: [Counter]
  /// Written by callbacks without any care but that of the state machine: one element's callbacks never overlap
  /// as long as nothing is released.
  let values: UnsafeMutablePointer<Int>
  /// Whether callbacks write there; not where releases let them overlap.
  let writesValues: Bool
  let elementCount: Int
  /// Broken rules.
  let faults = Atomic(0)

  final class Counter: Sendable {
    let atomic = Atomic(0)
    func add(_ value: Int) -> Int { atomic.wrappingAdd(value, ordering: .relaxed).newValue }
    var value: Int { atomic.load(ordering: .relaxed) }
  }

  final class CPU: Sendable {
    let queue: DeferredStepQueue
    init(_ scheduler: TaskWorkScheduler) { queue = DeferredStepQueue(of: scheduler) }
  }

  final class Task: Sendable {
    let work: TaskWorkList
    let references = Counter()
    init(_ scheduler: TaskWorkScheduler) { work = TaskWorkList(of: scheduler) }
  }

  init(elements: Int, stock: Int, cpus: Int, tasks: Int, requests: Int, writesValues: Bool) {
    let scheduler = TaskWorkScheduler(stock: stock)
    self.scheduler = scheduler
    slots = TaskWorkSlots(count: elements)
    self.cpus = (0..<cpus).map { _ in CPU(scheduler) }
    self.tasks = (0..<tasks).map { _ in Task(scheduler) }
    programs = (0..<cpus).map { _ in Counter() }
    self.requests = (0..<requests).map { _ in Counter() }
    elementCount = elements
    self.writesValues = writesValues
    values = .allocate(capacity: elements)
    values.initialize(repeating: 0, count: elements)
  }

  deinit {
    values.deallocate()
  }

  private func rule(_ holds: Bool) {
    if !holds { faults.wrappingAdd(1, ordering: .relaxed) }
  }

  // MARK: What the threads do

  /// Requests name their CPU in the program token.
  func schedule(number: Int, element: Int, task: Int, cpu: Int) -> ScheduleOutcome {
    let request = TaskWorkRequest(
      task: UInt64(task), program: UInt64(cpu), map: 0, element: element, callback: UInt64(number),
      mode: number % 2 == 0 ? .resume : .signal)
    let outcome = scheduler.schedule(request, in: slots, using: self)
    if outcome == .accepted { _ = requests[number].add(1) }
    return outcome
  }

  func release(_ element: Int) {
    scheduler.release(element, of: slots, using: self)
  }

  func performDeferredSteps(of cpu: Int) {
    var steps = cpus[cpu].queue.takeAll()
    while let step = steps.next() { rule(scheduler.perform(step, using: self) != .refused) }
  }

  @discardableResult
  func runWork(of task: Int, closing: Bool = false) -> Int {
    var count = 0
    tasks[task].work.runAll(closing: closing) { context in
      scheduler.run(context, using: self) { request in
        count += 1
        if writesValues { values[request.element] += 1 }
        rule(request.task == UInt64(task))
        rule(programs[Int(request.program)].value > 0 && tasks[task].references.value > 0)
        rule(requests[Int(request.callback)].add(2) < 4)
      }
    }
    return count
  }

  // MARK: TaskWorkResources

  func takeProgramReference(_ program: UInt64) -> Bool {
    rule(programs[Int(program)].add(1) > 0)
    return true
  }

  func dropProgramReference(_ program: UInt64) {
    rule(programs[Int(program)].add(-1) >= 0)
  }

  func takeTaskReference(_ task: UInt64) -> Bool {
    rule(tasks[Int(task)].references.add(1) > 0)
    return true
  }

  func dropTaskReference(_ task: UInt64) {
    rule(tasks[Int(task)].references.add(-1) >= 0)
  }

  func mapHasUserReference(_ map: UInt64) -> Bool {
    mapUsers.load(ordering: .sequentiallyConsistent) > 0
  }

  func queue(_ step: DeferredStep) {
    // Any CPU may perform any step; spreading them makes for more meetings.
    cpus[Int(step.context.index) % cpus.count].queue.push(step)
  }

  func attach(_ context: TaskWorkContext, to task: UInt64, mode: TaskWorkMode) -> Bool {
    rule(tasks[Int(task)].references.value > 0)
    return tasks[Int(task)].work.push(context)
  }

  func detach(_ context: TaskWorkContext, from task: UInt64) -> Bool {
    rule(tasks[Int(task)].references.value > 0)
    return tasks[Int(task)].work.remove(context)
  }
}
