import BPFTaskWork
import Synchronization
import Testing

@Suite struct ReleaseTests {
  @Test("release of an empty or a second time of the same slot does nothing")
  func twice() {
    let engine = SmallEngine()
    #expect(engine.release() == .empty)
    engine.schedule()
    #expect(engine.release() == .released(from: .pending))
    #expect(engine.release() == .empty)
    #expect(engine.performDeferredSteps() == [.cancelled])
    #expect(engine.scheduler.freeContextCount == 16)
  }

  @Test("a second deferred step is queued exactly when the state was SCHEDULED")
  func cancelStepOnlyWhenScheduled() {
    let engine = SmallEngine()
    // STANDBY.
    engine.schedule()
    engine.performDeferredSteps()
    engine.runWork()
    engine.clearLog()
    #expect(engine.release() == .released(from: .standby))
    #expect(engine.log == [])
    // PENDING.
    engine.schedule()
    engine.clearLog()
    #expect(engine.release() == .released(from: .pending))
    #expect(engine.log == [])
    engine.performDeferredSteps()
    // SCHEDULED.
    engine.schedule()
    engine.performDeferredSteps()
    engine.clearLog()
    #expect(engine.release() == .released(from: .scheduled))
    #expect(engine.log == ["queue cancel"])
    engine.performDeferredSteps()
    #expect(engine.log == ["queue cancel", "detach", "drop program", "drop task"])
    // RUNNING.
    engine.schedule()
    engine.performDeferredSteps()
    engine.runWork { _ in
      engine.clearLog()
      #expect(engine.release() == .released(from: .running))
      #expect(engine.log == [])
    }
    #expect(engine.log == ["drop program", "drop task"])
    #expect(engine.scheduler.freeContextCount == 16)
  }

  @Test("a release during the attach is noticed by the deferred step, which takes the work off the list")
  func releaseWhileScheduling() {
    let engine = SmallEngine()
    engine.schedule()
    engine.onAttach.withLock { hook in
      hook = { #expect(engine.release() == .released(from: .scheduling)) }
    }
    #expect(engine.performDeferredSteps() == [.cancelled])
    #expect(engine.log.suffix(6) == ["attach resume", "take task", "detach", "drop program", "drop task", "drop task"])
    #expect(!engine.hasWork())
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
    #expect(engine.scheduler.freeContextCount == 16)
  }

  @Test("a thread quicker than the deferred step runs the callback from SCHEDULING")
  func callbackBeforeTheStepIsOver() {
    let engine = SmallEngine()
    engine.schedule()
    let context = engine.context(of: 0)
    engine.onAttach.withLock { hook in
      hook = {
        // The engine is about to push; the thread takes it and runs before the step goes on.
        guard let context else { return }
        engine.scheduler.run(context, using: engine) { request in
          #expect(request.element == 0)
          #expect(engine.state() == .running)
        }
        #expect(engine.state() == .standby)
      }
    }
    // What is pushed after that is nobody's; take it out again unseen.
    #expect(engine.performDeferredSteps() == [.attached])
    #expect(engine.takeWork() == [context])
    #expect(engine.state() == .standby)
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
  }

  @Test("after a release the element can be scheduled at once, even while the old callback runs")
  func overlap() throws {
    let engine = SmallEngine()
    engine.schedule(0, task: 0)
    engine.performDeferredSteps()
    let old = try #require(engine.context(of: 0))
    var newRan = false
    engine.runWork(of: 0) { _ in
      #expect(engine.schedule(0, task: 1) == .busy)
      engine.release()
      #expect(engine.schedule(0, task: 1) == .accepted)
      engine.performDeferredSteps()
      let new = engine.context(of: 0)
      #expect(new != nil && new != old)
      // Both run at once: this one is still in its callback.
      newRan = engine.runWork(of: 1) == [0]
      #expect(engine.scheduler.state(of: old) == .freed)
    }
    #expect(newRan)
    #expect(engine.state() == .standby)
    #expect(engine.scheduler.state(of: old) == nil)
    #expect(engine.scheduler.freeContextCount == 15)
    #expect(engine.programReferences.value == 0)
  }

  @Test("a callback that overwrites its own element may schedule it again")
  func callbackOverwritesItself() {
    let engine = SmallEngine()
    engine.schedule()
    engine.performDeferredSteps()
    var runs = 0
    engine.runWork { _ in
      runs += 1
      #expect(engine.schedule() == .busy)
      guard runs < 5 else { return }
      engine.release()
      #expect(engine.schedule() == .accepted)
      engine.performDeferredSteps()
    }
    #expect(runs == 5)
    #expect(engine.scheduler.freeContextCount == 15)
  }

  @Test("a callback cancels another request of the batch that the thread has already taken")
  func cancelWithinABatch() {
    let engine = SmallEngine()
    for element in 0..<3 {
      engine.schedule(element)
      engine.performDeferredSteps()
    }
    var outcomes: [DeferredOutcome] = []
    let ran = engine.runWork { request in
      guard request.element == 2 else { return }
      engine.release(1)
      outcomes = engine.performDeferredSteps()
    }
    #expect(ran == [2, 0])
    #expect(outcomes == [.takenByThread])
    #expect(engine.programReferences.value == 0 && engine.task(0).references.value == 0)
    #expect(engine.scheduler.freeContextCount == 14)
  }

  @Test("requests are cancelled from the front, the middle and the end of a thread's list")
  func cancelInTheList() {
    for cancelled in 0..<5 {
      let engine = SmallEngine()
      for element in 0..<5 {
        engine.schedule(element)
        engine.performDeferredSteps()
      }
      engine.release(cancelled)
      #expect(engine.performDeferredSteps() == [.cancelled])
      #expect(engine.runWork() == [4, 3, 2, 1, 0].filter { $0 != cancelled })
      #expect(engine.scheduler.freeContextCount == 12)
    }
  }

  @Test("an element overwritten on a blocked thread many times needs no more than two contexts")
  func noPileUp() {
    let engine = SmallEngine(stock: 2)
    for _ in 0..<1000 {
      #expect(engine.schedule() == .accepted)
      engine.performDeferredSteps()
      engine.release()
      // The cancelled context is still there until its step has run, so this takes the second.
      #expect(engine.schedule() == .accepted)
      engine.release()
      engine.performDeferredSteps()
    }
    #expect(engine.scheduler.freeContextCount == 2)
    #expect(engine.programReferences.value == 0)
  }

  @Test("schedule then release in one interrupts-off run: no callback; schedule, release, schedule: one")
  func withinOneInterruptsOffRun() {
    let engine = SmallEngine()
    engine.schedule()
    engine.release()
    #expect(engine.performDeferredSteps() == [.cancelled])
    #expect(engine.runWork() == [])
    engine.schedule()
    engine.release()
    #expect(engine.schedule() == .accepted)
    #expect(engine.performDeferredSteps() == [.attached, .cancelled])
    #expect(engine.runWork() == [0])
  }
}
