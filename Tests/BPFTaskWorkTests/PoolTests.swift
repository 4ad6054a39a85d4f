import Testing

@testable import BPFTaskWork

@Suite struct PoolTests {
  @Test("every index has a place of its own, in segments that double")
  func places() {
    var segment = 0
    var offset = 0
    for index in 0..<UInt32(64 * 31) {
      let place = ContextTable.place(of: index)
      if place != (segment, offset) { Issue.record("index \(index): \(place)") }
      offset += 1
      if offset == 64 << segment {
        segment += 1
        offset = 0
      }
    }
    let last = ContextTable.place(of: UInt32(ContextTable.greatestCount - 1))
    #expect(last == (ContextTable.segmentCount - 1, (64 << (ContextTable.segmentCount - 1)) - 1))
  }

  @Test("a pool that grows keeps what it has given out")
  func growth() {
    let engine = SmallEngine(elements: 5000, stock: 1)
    for element in 0..<5000 {
      engine.scheduler.replenish(to: 1)
      #expect(engine.schedule(element) == .accepted)
    }
    #expect(engine.scheduler.freeContextCount == 0)
    #expect(Set((0..<5000).compactMap { engine.context(of: $0) }).count == 5000)
    engine.performDeferredSteps()
    #expect(engine.runWork() == Array(0..<5000))
    engine.scheduler.releaseAll(engine.slots, using: engine)
    #expect(engine.scheduler.freeContextCount == 5000)
  }

  @Test("words keep their parts apart")
  func words() throws {
    let state = StateWord(generation: .max, request: 0xff_ffff, state: .running)
    #expect(state.generation == .max && state.request == 0xff_ffff && state.state == .running)
    #expect(state.with(.standby).nextPending == StateWord(generation: .max, request: 0, state: .pending))
    #expect(ReferenceWord(generation: .max, count: 0).nextGeneration == 1)
    let head = FreeListHead(rawValue: 0xffff_ffff_0000_0000).changed(toLink: FreeListHead.link(to: 6))
    #expect(head.rawValue == 7 && head.index == 6)
    #expect(FreeListHead(rawValue: 5 << 32).index == nil)
    let context = TaskWorkContext(index: 5, generation: 9)
    for kind in DeferredStep.Kind.allCases {
      let step = try #require(DeferredStep(rawValue: DeferredStep(kind, context).rawValue))
      #expect(step.kind == kind && step.context == context)
    }
    #expect(DeferredStep(rawValue: 0) == nil && TaskWorkContext(rawValue: 0) == nil)
    #expect(TaskWorkContext(rawValue: WorkListAlgorithm<ContextTable>.closed) == nil)
    #expect("\(context)" == "context 5 (use 9)")
  }
}
