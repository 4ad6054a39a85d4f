import BPFExecution
import BPFMaps
import BPFTaskWork

/// The simulated kernel's side of deferred task work: it answers the scheduler's questions about programs, tasks and
/// maps, and carries its steps to CPUs and threads.
///
/// Unchecked: the scheduler wants resources that any thread may ask, and a machine and all that belongs to it are used
/// by one thread at a time.
final class TaskWorkEngine: TaskWorkResources, @unchecked Sendable {
  let scheduler: TaskWorkScheduler
  private let freshContexts: Int
  unowned var machine: Machine!
  /// What each context was last asked for, for the timeline.
  private var requests: [TaskWorkContext: TimelineEvent.Request] = [:]

  init(freshContexts: Int) {
    self.freshContexts = max(freshContexts, 1)
    scheduler = TaskWorkScheduler(stock: max(freshContexts, 1))
  }

  // MARK: Requests

  /// Asks for a callback; what the kfunc returns.
  func schedule(
    _ mode: TaskWorkMode, element: ElementIndex, of map: LoadedMap, on task: SimulatedTask, callback: Int,
    of program: LoadedProgram, cpu: CPU
  ) -> Int64 {
    guard let slots = map.taskWorkSlots else { return LinuxErrno.invalidArgument.returnValue }
    let request = TaskWorkRequest(
      task: task.object.address, program: UInt64(program.id), map: UInt64(map.id), element: Int(element.rawValue),
      callback: UInt64(callback), mode: mode)
    if cpu.interruptsAreOn { scheduler.replenish(to: freshContexts) }
    let outcome = acting(on: cpu) { scheduler.schedule(request, in: slots.slots, using: self) }
    let description = describe(request, map)
    if outcome == .accepted, let context = slots.slots.context(of: request.element) { requests[context] = description }
    machine.record(.scheduled(description, result: Int64(outcome.kernelResult)), on: cpu)
    // With interrupts on, the self-interrupt comes before the call returns.
    machine.runDeferredSteps(on: cpu)
    return Int64(outcome.kernelResult)
  }

  /// Lets go of an element's context because the element is overwritten, deleted or evicted.
  func release(_ element: ElementIndex, of map: LoadedMap, on cpu: CPU) {
    guard let slots = map.taskWorkSlots else { return }
    let context = slots.slots.context(of: Int(element.rawValue))
    let outcome = acting(on: cpu) {
      scheduler.release(Int(element.rawValue), of: slots.slots, using: self)
    }
    guard context != nil, case .released(let state) = outcome else { return }
    switch state {
    case .pending, .scheduling, .scheduled:
      if let request = slots.requests[element] { machine.record(.cancelled(request), on: cpu) }
    case .standby, .running, .freed: break
    }
    machine.runDeferredSteps(on: cpu)
  }

  /// Performs a step that waited for interrupts to be on.
  func perform(_ step: DeferredStep, on cpu: CPU) {
    acting(on: cpu) { _ = scheduler.perform(step, using: self) }
  }

  /// Performs all steps that wait on a CPU, then lays in contexts again.
  func performDeferredSteps(on cpu: CPU) {
    while !cpu.deferredSteps.isEmpty {
      var batch = cpu.deferredSteps.takeAll()
      while let step = batch.next() { perform(step, on: cpu) }
    }
    scheduler.replenish(to: freshContexts)
  }

  // MARK: Delivery

  /// Runs everything on a thread's list, what its callbacks add included.
  func runAll(of task: SimulatedTask, on cpu: CPU) {
    task.workList.runAll { context in run(context, of: task, on: cpu) }
  }

  /// Runs what is left on an ending thread's list and closes the list for good.
  func close(_ task: SimulatedTask, on cpu: CPU) {
    task.workList.runAll(closing: true) { context in run(context, of: task, on: cpu) }
  }

  private func run(_ context: TaskWorkContext, of task: SimulatedTask, on cpu: CPU) {
    switch scheduler.begin(context, using: self) {
    case .running(let callback):
      let request = callback.request
      if let map = machine.map(id: UInt32(truncatingIfNeeded: request.map)),
        let program = machine.program(id: UInt32(truncatingIfNeeded: request.program))
      {
        runCallback(request, map: map, program: program, on: cpu)
      }
      machine.actingCPUs.append(cpu)
      scheduler.finish(callback, using: self)
      machine.actingCPUs.removeLast()
    case .cancelled: break
    case .refused: break
    }
  }

  private func runCallback(_ request: TaskWorkRequest, map: LoadedMap, program: LoadedProgram, on cpu: CPU) {
    let element = ElementIndex(rawValue: UInt32(truncatingIfNeeded: request.element))
    let description = describe(request, map)
    let entry = Int(request.callback)
    machine.record(.callbackEntered(description, function: program.functionName(at: entry)), on: cpu)
    guard let key = try? machine.keyAddress(of: element, in: map), let value = map.valueAddress(of: element) else {
      return
    }
    defer { machine.giveBackKey(key, of: map) }
    let result = try? machine.runCallback(
      of: program, entry: entry, arguments: [map.object.address, key, value], isSleepable: true, on: cpu)
    if let result { machine.record(.callbackLeft(description, result: Int64(bitPattern: result)), on: cpu) }
  }

  private func describe(_ request: TaskWorkRequest, _ map: LoadedMap) -> TimelineEvent.Request {
    let element = ElementIndex(rawValue: UInt32(truncatingIfNeeded: request.element))
    let target = machine.tasksByAddress[request.task]?.name ?? .init(pid: 0, comm: "?")
    let description = TimelineEvent.Request(
      map: map.name, key: map.key(of: element), mode: request.mode, target: target)
    map.taskWorkSlots?.requests[element] = description
    return description
  }

  private func acting<Result>(on cpu: CPU, _ body: () -> Result) -> Result {
    machine.actingCPUs.append(cpu)
    defer { machine.actingCPUs.removeLast() }
    return body()
  }

  // MARK: TaskWorkResources

  func takeProgramReference(_ program: UInt64) -> Bool {
    machine.program(id: UInt32(truncatingIfNeeded: program))?.retain() ?? false
  }

  func dropProgramReference(_ program: UInt64) {
    if let program = machine.program(id: UInt32(truncatingIfNeeded: program)) { machine.release(program) }
  }

  func takeTaskReference(_ task: UInt64) -> Bool {
    machine.tasksByAddress[task].map(machine.takeReference) ?? false
  }

  func dropTaskReference(_ task: UInt64) {
    if let task = machine.tasksByAddress[task] { machine.releaseReference(to: task) }
  }

  func mapHasUserReference(_ map: UInt64) -> Bool {
    machine.map(id: UInt32(truncatingIfNeeded: map))?.userReferenceCount ?? 0 > 0
  }

  func queue(_ step: DeferredStep) {
    machine.actingCPUs.last?.deferredSteps.push(step)
  }

  func attach(_ context: TaskWorkContext, to task: UInt64, mode: TaskWorkMode) -> Bool {
    guard let task = machine.tasksByAddress[task], let cpu = machine.actingCPUs.last else { return false }
    let isAttached = task.workList.push(context)
    if let request = requests[context] { machine.record(isAttached ? .attached(request) : .dropped(request), on: cpu) }
    guard isAttached else { return false }
    machine.notify(task, mode, from: cpu)
    return true
  }

  func detach(_ context: TaskWorkContext, from task: UInt64) -> Bool {
    machine.tasksByAddress[task]?.workList.remove(context) ?? false
  }
}

/// The task-work slots of one map, one an element, and what was last asked for each, for the timeline.
final class MapTaskWork {
  let slots: TaskWorkSlots
  var requests: [ElementIndex: TimelineEvent.Request] = [:]

  init(elementCount: Int) { slots = TaskWorkSlots(count: elementCount) }
}
