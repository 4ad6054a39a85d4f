import BPFTaskWork
import Synchronization
import Testing

@Suite struct ScheduleTests {
  @Test("a scheduled callback runs when its thread takes its work, once, and the references are dropped")
  func onceThroughTheStates() throws {
    let engine = SmallEngine()
    #expect(engine.schedule(3, task: 2, mode: .signal) == .accepted)
    #expect(engine.state(3) == .pending)
    #expect(engine.performDeferredSteps() == [.attached])
    #expect(engine.state(3) == .scheduled)
    var seen: TaskWorkRequest?
    let ran = engine.runWork(of: 2) { request in
      seen = request
      #expect(engine.state(3) == .running)
    }
    #expect(ran == [3])
    #expect(seen == engine.request(3, task: 2, mode: .signal))
    #expect(engine.state(3) == .standby)
    #expect(engine.programReferences.value == 0 && engine.task(2).references.value == 0)
    #expect(engine.runWork(of: 2) == [])
  }

  @Test("the outcomes have the kfunc's return values")
  func kernelResults() {
    let outcomes: [ScheduleOutcome] = [.accepted, .busy, .noMemory, .badReference]
    #expect(outcomes.map(\.kernelResult) == [0, -16, -12, -9])
  }

  @Test("the tests come in the kernel's order: program, task, map, context, state, map again")
  func orderOfTests() {
    let engine = SmallEngine()
    engine.schedule()
    #expect(engine.log == ["take program", "take task", "map", "map", "queue attach"])
    engine.clearLog()
    #expect(engine.schedule() == .busy)
    #expect(engine.log == ["take program", "take task", "map", "drop task", "drop program"])
  }

  @Test("a call that finds its task gone answers so, even if the element is busy or the map has lost its users")
  func taskGoneComesFirst() {
    let engine = SmallEngine()
    engine.schedule()
    engine.task(1).canBeReferenced.store(false, ordering: .releasing)
    #expect(engine.schedule(0, task: 1) == .badReference)
    engine.mapUsers.store(0, ordering: .sequentiallyConsistent)
    #expect(engine.schedule(0, task: 1) == .badReference)
    #expect(engine.programReferences.value == 1)
  }

  @Test("a program that is being freed cannot schedule, and its task is not even asked for")
  func programGone() {
    let engine = SmallEngine()
    engine.programIsAlive.store(false, ordering: .releasing)
    #expect(engine.schedule() == .badReference)
    #expect(engine.log == ["take program"])
  }

  @Test("busy covers all from schedule until the callback has returned, also a call from the callback itself")
  func busyWhileOutstanding() {
    let engine = SmallEngine()
    engine.schedule()
    #expect(engine.schedule() == .busy)
    engine.performDeferredSteps()
    #expect(engine.schedule() == .busy)
    // Also for another thread.
    #expect(engine.schedule(0, task: 1) == .busy)
    engine.runWork { _ in #expect(engine.schedule() == .busy) }
    #expect(engine.schedule() == .accepted)
    #expect(engine.programReferences.value == 1 && engine.task(0).references.value == 1)
  }

  @Test("references on program and task are dropped while the state is still RUNNING")
  func referencesFirst() {
    let engine = SmallEngine()
    engine.schedule()
    engine.performDeferredSteps()
    engine.clearLog()
    let stateAtDrop = Mutex<TaskWorkState?>(nil)
    engine.runWork { _ in
      #expect(engine.programReferences.value == 1 && engine.task(0).references.value == 1)
      engine.onDrop.withLock { hook in
        hook = {
          let state = engine.state()
          stateAtDrop.withLock { $0 = state }
          // Whoever schedules from here is still refused.
          engine.onDrop.withLock { $0 = nil }
          #expect(engine.schedule() == .busy)
        }
      }
    }
    #expect(stateAtDrop.withLock { $0 } == .running)
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
  }

  @Test("a request on a thread that has closed its list is dropped in silence, again and again")
  func deadThread() {
    let engine = SmallEngine()
    engine.runWork(closing: true)
    #expect(engine.isClosed())
    for _ in 0..<3 {
      #expect(engine.schedule() == .accepted)
      #expect(engine.performDeferredSteps() == [.declined])
      #expect(engine.state() == .standby)
      #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
    }
    #expect(engine.runWork() == [] && engine.runWork(closing: true) == [])
    // The element is good for another thread, with the same context.
    #expect(engine.schedule(0, task: 1) == .accepted)
    engine.performDeferredSteps()
    #expect(engine.runWork(of: 1) == [0])
    #expect(engine.scheduler.freeContextCount == 15)
  }

  @Test("a map without a user reference refuses all its elements, for ever")
  func mapWithoutUsers() {
    let engine = SmallEngine()
    engine.schedule(0)
    engine.schedule(1)
    engine.performDeferredSteps()
    engine.mapUsers.store(0, ordering: .sequentiallyConsistent)
    engine.scheduler.releaseAll(engine.slots, using: engine)
    engine.performDeferredSteps()
    #expect(engine.runWork() == [])
    for element in 0..<engine.slots.count { #expect(engine.schedule(element) == .busy) }
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
    #expect(engine.scheduler.freeContextCount == 16)
  }

  @Test("a map that loses its last user between the two tests leaves nothing in the slot")
  func mapLostInBetween() {
    let engine = SmallEngine()
    engine.mapAnswersLeft.store(1, ordering: .sequentiallyConsistent)
    #expect(engine.schedule() == .busy)
    #expect(engine.log == ["take program", "take task", "map", "map", "drop task", "drop program"])
    #expect(engine.context(of: 0) == nil)
    #expect(engine.scheduler.freeContextCount == 16)
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
  }

  @Test("without free contexts a first use fails with no memory, and elements that have one go on")
  func emptyPool() {
    let engine = SmallEngine(elements: 100, stock: 48)
    for element in 0..<48 { #expect(engine.schedule(element) == .accepted) }
    for element in 48..<100 { #expect(engine.schedule(element) == .noMemory) }
    #expect(engine.programReferences.value == 48 && engine.task(0).references.value == 48)
    engine.performDeferredSteps()
    engine.runWork()
    #expect(engine.schedule(47) == .accepted)
    #expect(engine.schedule(48) == .noMemory)
    // As when the kernel's cache is refilled with interrupts enabled.
    #expect(engine.scheduler.replenish(to: 2))
    #expect(engine.schedule(48) == .accepted && engine.schedule(49) == .accepted && engine.schedule(50) == .noMemory)
    // A released context serves another element.
    engine.release(0)
    #expect(engine.schedule(50) == .accepted)
  }

  @Test("a program's and a task's references are held exactly while a request is outstanding")
  func referencesWhileOutstanding() {
    let engine = SmallEngine()
    engine.schedule()
    #expect(engine.programReferences.value == 1 && engine.task(0).references.value == 1)
    engine.performDeferredSteps()
    #expect(engine.programReferences.value == 1 && engine.task(0).references.value == 1)
    engine.release()
    // The cancel step is what takes the request off the blocked thread's list.
    #expect(engine.programReferences.value == 1)
    #expect(engine.performDeferredSteps() == [.cancelled])
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
  }
}
