import BPFTaskWork
import Synchronization
import Testing

/// Many threads on few elements. Bounded, and seeded as far as threads allow; what these find by luck the exhaustive
/// interleavings find by enumeration, but only these run on a real memory with its own order of things.
@Suite(.serialized) struct StressTests {
  struct Plan {
    var cpus = 4
    var tasks = 2
    var elements = 8
    var stock = 64
    var perCPU = 20_000
    /// Of a hundred operations, so many release.
    var releases = 0
    /// Each request is made again until it is accepted.
    var insists = false
    /// The tasks' threads exit when half of the operations are done.
    var tasksExit = false
    var seed: UInt64 = 1
  }

  struct Totals {
    var accepted = 0
    var ran = 0
    var ranTwice = 0
    var ranUnaccepted = 0
    var refusedForMemory = 0
  }

  private func run(_ plan: Plan, _ engine: StressEngine) -> Totals {
    let busyCPUs = Atomic(plan.cpus)
    let operations = Atomic(0)
    let noMemory = Atomic(0)
    onThreads(plan.cpus + plan.tasks) { thread in
      if thread < plan.cpus {
        var generator = SeededGenerator(seed: plan.seed &* 1000 &+ UInt64(thread))
        for count in 0..<plan.perCPU {
          let element = Int.random(in: 0..<plan.elements, using: &generator)
          if Int.random(in: 0..<100, using: &generator) < plan.releases {
            engine.release(element)
          } else {
            let task = Int.random(in: 0..<plan.tasks, using: &generator)
            let number = thread * plan.perCPU + count
            var outcome = engine.schedule(number: number, element: element, task: task, cpu: thread)
            while plan.insists && outcome == .busy {
              // What is awaited may wait on any CPU, also on one that is done.
              for cpu in 0..<plan.cpus { engine.performDeferredSteps(of: cpu) }
              yieldProcessor()
              outcome = engine.schedule(number: number, element: element, task: task, cpu: thread)
            }
            if outcome == .noMemory { noMemory.wrappingAdd(1, ordering: .relaxed) }
          }
          if Int.random(in: 0..<3, using: &generator) != 0 { engine.performDeferredSteps(of: thread) }
          if Int.random(in: 0..<64, using: &generator) == 0 { yieldProcessor() }
          operations.wrappingAdd(1, ordering: .relaxed)
        }
        busyCPUs.wrappingSubtract(1, ordering: .relaxed)
      } else {
        let task = thread - plan.cpus
        let half = plan.cpus * plan.perCPU / 2
        while busyCPUs.load(ordering: .relaxed) > 0 {
          engine.runWork(of: task, closing: plan.tasksExit && operations.load(ordering: .relaxed) >= half)
          yieldProcessor()
        }
      }
    }
    for _ in 0..<4 {
      for cpu in 0..<plan.cpus { engine.performDeferredSteps(of: cpu) }
      for task in 0..<plan.tasks { engine.runWork(of: task) }
    }
    var totals = Totals()
    for request in engine.requests {
      let (isAccepted, runs) = (request.value & 1 != 0, request.value >> 1)
      if isAccepted { totals.accepted += 1 }
      totals.ran += runs
      if runs > 1 { totals.ranTwice += 1 }
      if runs > 0 && !isAccepted { totals.ranUnaccepted += 1 }
    }
    totals.refusedForMemory = noMemory.load(ordering: .relaxed)
    return totals
  }

  private func engine(_ plan: Plan, writesValues: Bool = false) -> StressEngine {
    StressEngine(
      elements: plan.elements, stock: plan.stock, cpus: plan.cpus, tasks: plan.tasks,
      requests: plan.cpus * plan.perCPU, writesValues: writesValues)
  }

  /// What holds after everything: nothing broken on the way, all references dropped, all contexts in the pool.
  private func expectBalance(_ engine: StressEngine, _ plan: Plan, _ totals: Totals) {
    #expect(engine.faults.load(ordering: .relaxed) == 0)
    #expect(totals.ranTwice == 0 && totals.ranUnaccepted == 0)
    #expect(engine.programs.map(\.value) == Array(repeating: 0, count: plan.cpus))
    #expect(engine.tasks.map(\.references.value) == Array(repeating: 0, count: plan.tasks))
    engine.scheduler.releaseAll(engine.slots, using: engine)
    for cpu in 0..<plan.cpus { engine.performDeferredSteps(of: cpu) }
    #expect(engine.scheduler.freeContextCount == plan.stock)
    // And the free list really holds them, each once.
    let again = StressEngineProbe(engine.scheduler, elements: plan.stock + 1)
    #expect(again.distinctContexts == plan.stock)
  }

  @Test("without releases every accepted request runs once, and one element's callbacks never overlap")
  func schedulesAndRuns() {
    let plan = Plan(perCPU: 5000, insists: true, seed: 1)
    let engine = engine(plan, writesValues: true)
    let totals = run(plan, engine)
    #expect(totals.accepted == plan.cpus * plan.perCPU && totals.ran == totals.accepted)
    var written = 0
    for element in 0..<plan.elements { written += engine.values[element] }
    #expect(written == totals.ran, "callbacks of one element overlapped")
    expectBalance(engine, plan, totals)
  }

  @Test("with releases from everywhere nothing is lost, doubled or leaked")
  func schedulesRunsAndReleases() {
    for seed in 2...4 {
      let plan = Plan(elements: 3, releases: 40, seed: UInt64(seed))
      let engine = engine(plan)
      let totals = run(plan, engine)
      #expect(totals.accepted > 1000 && totals.ran <= totals.accepted)
      expectBalance(engine, plan, totals)
    }
  }

  @Test("with a pool too small for all, contexts go round without being lost")
  func smallPool() {
    let plan = Plan(elements: 16, stock: 5, releases: 50, seed: 5)
    let engine = engine(plan)
    let totals = run(plan, engine)
    #expect(totals.refusedForMemory > 0 && totals.accepted > 1000)
    expectBalance(engine, plan, totals)
  }

  @Test("threads that exit in the middle decline what comes after")
  func exitingThreads() {
    let plan = Plan(releases: 10, tasksExit: true, seed: 6)
    let engine = engine(plan)
    let totals = run(plan, engine)
    for task in 0..<plan.tasks { engine.runWork(of: task, closing: true) }
    #expect(engine.tasks.allSatisfy { $0.isClosed })
    #expect(totals.accepted > 1000 && totals.ran <= totals.accepted)
    expectBalance(engine, plan, totals)
  }

  @Test("a map closed while all schedule keeps no context")
  func closingMap() {
    for seed in 7...26 {
      let plan = Plan(cpus: 3, tasks: 1, elements: 4, stock: 16, perCPU: 2000, seed: UInt64(seed))
      let engine = engine(plan)
      onThreads(plan.cpus + 1) { thread in
        if thread < plan.cpus {
          for count in 0..<plan.perCPU {
            _ = engine.schedule(
              number: thread * plan.perCPU + count, element: count % plan.elements, task: 0, cpu: thread)
            engine.performDeferredSteps(of: thread)
            if count % 16 == 0 { engine.runWork(of: 0) }
          }
        } else {
          for _ in 0..<seed { yieldProcessor() }
          engine.mapUsers.store(0, ordering: .sequentiallyConsistent)
          engine.scheduler.releaseAll(engine.slots, using: engine)
        }
      }
      for cpu in 0..<plan.cpus { engine.performDeferredSteps(of: cpu) }
      engine.runWork(of: 0)
      #expect(engine.contextsInSlots == 0)
      #expect(engine.scheduler.freeContextCount == plan.stock)
      #expect(engine.faults.load(ordering: .relaxed) == 0)
    }
  }
}

extension StressEngine {
  var contextsInSlots: Int {
    var count = 0
    for element in 0..<elementCount where slots.context(of: element) != nil { count += 1 }
    return count
  }
}

extension StressEngine.Task {
  var isClosed: Bool { work.isClosed }
}

/// Counts the contexts that a scheduler's pool really gives out.
struct StressEngineProbe {
  let distinctContexts: Int

  init(_ scheduler: TaskWorkScheduler, elements: Int) {
    let resources = ProbeResources()
    let slots = TaskWorkSlots(count: elements)
    var contexts: Set<UInt32> = []
    for element in 0..<elements {
      let request = TaskWorkRequest(task: 0, program: 0, map: 0, element: element, callback: 0, mode: .resume)
      _ = scheduler.schedule(request, in: slots, using: resources)
      if let context = slots.context(of: element) { contexts.insert(context.index) }
    }
    distinctContexts = contexts.count
  }

  private final class ProbeResources: TaskWorkResources {
    func takeProgramReference(_ program: UInt64) -> Bool { true }
    func dropProgramReference(_ program: UInt64) {}
    func takeTaskReference(_ task: UInt64) -> Bool { true }
    func dropTaskReference(_ task: UInt64) {}
    func mapHasUserReference(_ map: UInt64) -> Bool { true }
    func queue(_ step: DeferredStep) {}
    func attach(_ context: TaskWorkContext, to task: UInt64, mode: TaskWorkMode) -> Bool { false }
    func detach(_ context: TaskWorkContext, from task: UInt64) -> Bool { false }
  }
}
