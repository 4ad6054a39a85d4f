import BPFTaskWork
import Synchronization
import Testing

@Suite struct OrderTests {
  @Test("requests made one after another with interrupts enabled run last in, first out")
  func lastInFirstOut() {
    let engine = SmallEngine()
    engine.interruptsEnabled.store(true, ordering: .relaxed)
    for element in 0..<8 { engine.schedule(element) }
    #expect(engine.runWork() == [7, 6, 5, 4, 3, 2, 1, 0])
  }

  @Test("requests made in one interrupts-off run run first in, first out, since both lists turn them round")
  func firstInFirstOut() {
    let engine = SmallEngine()
    for element in 0..<8 { engine.schedule(element) }
    engine.performDeferredSteps()
    #expect(engine.runWork() == [0, 1, 2, 3, 4, 5, 6, 7])
  }

  @Test("all requests of the thread run in one go, whatever their mode: the SIGNAL made last comes first")
  func signalComesFirst() {
    let engine = SmallEngine(elements: 9)
    engine.interruptsEnabled.store(true, ordering: .relaxed)
    for element in 0..<8 { engine.schedule(element) }
    engine.schedule(8, mode: .signal)
    #expect(engine.runWork() == [8, 7, 6, 5, 4, 3, 2, 1, 0])
  }

  @Test("what a callback schedules on its own thread runs in the same go, after the batch that was taken")
  func sameGo() {
    let engine = SmallEngine()
    engine.interruptsEnabled.store(true, ordering: .relaxed)
    engine.schedule(0)
    engine.schedule(1)
    let ran = engine.runWork { if $0.element == 1 { engine.schedule(5) } }
    #expect(ran == [1, 0, 5])
  }

  @Test("two elements that schedule each other run 50 and 49 times before the thread goes on")
  func pingPong() {
    let engine = SmallEngine()
    engine.interruptsEnabled.store(true, ordering: .relaxed)
    var counts = [0, 0]
    engine.schedule(0)
    engine.runWork { request in
      counts[request.element] += 1
      if counts[0] < 50 { #expect(engine.schedule(1 - request.element) == .accepted) }
    }
    #expect(counts == [50, 49])
  }

  @Test("a limit on passes ends an endless exchange and leaves the rest on the list")
  func passLimit() {
    let engine = SmallEngine()
    engine.interruptsEnabled.store(true, ordering: .relaxed)
    engine.schedule(0)
    var runs = 0
    let isDone = engine.task(0).work.runAll(passLimit: 10) { context in
      engine.scheduler.run(context, using: engine) { request in
        runs += 1
        engine.schedule(1 - request.element)
      }
    }
    #expect(!isDone && runs == 10)
    #expect(engine.runWork() == [0])
  }

  @Test("an exiting thread runs what it has and what that adds, and only then declines")
  func exitingThread() {
    let engine = SmallEngine()
    engine.interruptsEnabled.store(true, ordering: .relaxed)
    engine.schedule(0)
    let ran = engine.runWork(closing: true) { if $0.element == 0 { engine.schedule(1) } }
    #expect(ran == [0, 1])
    #expect(engine.isClosed() && !engine.hasWork())
    engine.schedule(2)
    #expect(engine.state(2) == .standby)
    #expect(engine.runWork(closing: true) == [])
  }

  @Test("20 000 requests on one thread are all accepted and all run once")
  func many() {
    let engine = SmallEngine(elements: 20_000, stock: 20_000)
    var refused = 0
    for element in 0..<20_000 where engine.schedule(element) != .accepted { refused += 1 }
    #expect(refused == 0)
    engine.performDeferredSteps()
    let ran = engine.runWork()
    #expect(ran.count == 20_000 && Set(ran).count == 20_000)
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
  }

  @Test("a step that is queued while others are performed is not among them, and a queue says when it was empty")
  func queueing() throws {
    let engine = SmallEngine()
    #expect(!engine.hasDeferredSteps)
    engine.schedule(0)
    engine.schedule(1)
    #expect(engine.hasDeferredSteps)
    let taken = engine.takeDeferredSteps()
    #expect(!engine.hasDeferredSteps)
    engine.schedule(2)
    let (first, second) = (try #require(engine.context(of: 0)), try #require(engine.context(of: 1)))
    #expect(taken == [DeferredStep(.attach, second), DeferredStep(.attach, first)])
    for step in taken { engine.scheduler.perform(step, using: engine) }
    #expect(engine.performDeferredSteps() == [.attached])
    #expect(engine.push(DeferredStep(.cancel, first)))
    #expect(!engine.push(DeferredStep(.attach, second)))
    #expect(engine.takeDeferredSteps() == [DeferredStep(.attach, second), DeferredStep(.cancel, first)])
  }

  @Test("a callback that throws is finished all the same, and its error comes through")
  func throwingBody() throws {
    struct Fault: Error {}
    let engine = SmallEngine()
    engine.schedule()
    engine.performDeferredSteps()
    let context = try #require(engine.context(of: 0))
    #expect(engine.takeWork() == [context])
    #expect(throws: Fault.self) {
      try engine.scheduler.run(context, using: engine) { _ throws(Fault) in throw Fault() }
    }
    #expect(engine.state() == .standby)
    #expect(engine.programReferences.value == 0)
  }
}
