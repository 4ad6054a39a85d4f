import BPFTaskWork
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
}
