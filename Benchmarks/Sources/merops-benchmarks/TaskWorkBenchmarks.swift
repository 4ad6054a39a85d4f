import BPFTaskWork

/// A request's way through its states, in an engine that does next to nothing itself.
func taskWorkBenchmarks() throws -> [Benchmark] {
  let engine = BareEngine(elements: 1024)
  return [
    Benchmark("task work: schedule, attach, run", nanosecondsPer: "request", count: 1_000_000) {
      for _ in 0..<1_000_000 {
        engine.schedule(0)
        engine.performDeferredSteps()
        engine.runWork()
      }
    },
    Benchmark("task work: schedule alone, 1024 in a row", unit: "ns/request") {
      var elapsed: UInt64 = 0
      for _ in 0..<1000 {
        let start = ThreadClock.now
        for element in 0..<1024 { engine.schedule(element) }
        elapsed += ThreadClock.now - start
        engine.performDeferredSteps()
        engine.runWork()
      }
      return Double(elapsed) / Double(1000 * 1024)
    },
    Benchmark("task work: schedule refused as busy", nanosecondsPer: "call", count: 1_000_000) {
      engine.schedule(1)
      for _ in 0..<1_000_000 { engine.schedule(1) }
      engine.performDeferredSteps()
      engine.runWork()
    },
    Benchmark("task work: first schedule and release", nanosecondsPer: "request", count: 1_000_000) {
      for _ in 0..<1_000_000 {
        engine.schedule(2)
        engine.release(2)
        engine.performDeferredSteps()
      }
    },
    Benchmark("task work: schedule, attach, release, cancel", nanosecondsPer: "request", count: 1_000_000) {
      for _ in 0..<1_000_000 {
        engine.schedule(3)
        engine.performDeferredSteps()
        engine.release(3)
        engine.performDeferredSteps()
      }
    },
  ]
}

/// One CPU, one task, and references that nobody counts.
private final class BareEngine: TaskWorkResources {
  let scheduler: TaskWorkScheduler
  let slots: TaskWorkSlots
  let queue: DeferredStepQueue
  let work: TaskWorkList

  init(elements: Int) {
    let scheduler = TaskWorkScheduler(stock: elements)
    self.scheduler = scheduler
    slots = TaskWorkSlots(count: elements)
    queue = DeferredStepQueue(of: scheduler)
    work = TaskWorkList(of: scheduler)
  }

  func schedule(_ element: Int) {
    let request = TaskWorkRequest(task: 1, program: 2, map: 3, element: element, callback: 4, mode: .resume)
    _ = scheduler.schedule(request, in: slots, using: self)
  }

  func release(_ element: Int) {
    scheduler.release(element, of: slots, using: self)
  }

  func performDeferredSteps() {
    var steps = queue.takeAll()
    while let step = steps.next() { scheduler.perform(step, using: self) }
  }

  func runWork() {
    work.runAll { context in scheduler.run(context, using: self) { _ in } }
  }

  func takeProgramReference(_ program: UInt64) -> Bool { true }
  func dropProgramReference(_ program: UInt64) {}
  func takeTaskReference(_ task: UInt64) -> Bool { true }
  func dropTaskReference(_ task: UInt64) {}
  func mapHasUserReference(_ map: UInt64) -> Bool { true }
  func queue(_ step: DeferredStep) { queue.push(step) }
  func attach(_ context: TaskWorkContext, to task: UInt64, mode: TaskWorkMode) -> Bool { work.push(context) }
  func detach(_ context: TaskWorkContext, from task: UInt64) -> Bool { work.remove(context) }
}
