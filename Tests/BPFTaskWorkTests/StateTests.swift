import BPFTaskWork
import Synchronization
import Testing

@Suite struct StateTests {
  @Test("the states have the kernel's numbers and only the steps of the table")
  func table() {
    #expect(TaskWorkState.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5])
    #expect(
      "\(TaskWorkState.allCases)" == """
        [BPFTaskWork.TaskWorkState.standby, BPFTaskWork.TaskWorkState.pending, BPFTaskWork.TaskWorkState.scheduling, \
        BPFTaskWork.TaskWorkState.scheduled, BPFTaskWork.TaskWorkState.running, BPFTaskWork.TaskWorkState.freed]
        """)
    let steps: [TaskWorkState: Set<TaskWorkState>] = [
      .standby: [.pending, .freed],
      .pending: [.scheduling, .freed],
      .scheduling: [.scheduled, .standby, .running, .freed],
      .scheduled: [.running, .freed],
      .running: [.standby, .freed],
      .freed: [],
    ]
    for from in TaskWorkState.allCases {
      for to in TaskWorkState.allCases where from.canBecome(to) != steps[from]?.contains(to) {
        Issue.record("\(from) → \(to)")
      }
    }
  }

  /// What each operation answers in each state, and the state after it.
  private enum Action: CaseIterable {
    case schedule, attach, cancel, begin, release
  }

  private func expected(_ action: Action, in state: TaskWorkState) -> (answer: String, next: TaskWorkState?) {
    switch (action, state) {
    case (.schedule, .standby): ("accepted", .pending)
    // The slot is empty: a fresh context is used, the old one stays as it is.
    case (.schedule, .freed): ("accepted", .freed)
    case (.schedule, _): ("busy", state)
    case (.attach, .pending): ("attached", .scheduled)
    case (.attach, .freed): ("cancelled", nil)
    case (.attach, _): ("refused", state)
    case (.cancel, .freed): ("takenByThread", nil)
    case (.cancel, _): ("refused", state)
    case (.begin, .scheduling), (.begin, .scheduled): ("running", .running)
    case (.begin, .freed): ("cancelled", nil)
    case (.begin, _): ("refused", state)
    case (.release, .freed): ("empty", .freed)
    // With no request outstanding nothing else holds the context.
    case (.release, .standby): ("released(from: \(TaskWorkState.self).standby)", nil)
    case (.release, _): ("released(from: \(TaskWorkState.self).\(state))", .freed)
    }
  }

  private func perform(_ action: Action, on context: TaskWorkContext, of engine: SmallEngine) -> String {
    switch action {
    case .schedule: return "\(engine.schedule())"
    case .attach: return "\(engine.scheduler.perform(DeferredStep(.attach, context), using: engine))"
    case .cancel: return "\(engine.scheduler.perform(DeferredStep(.cancel, context), using: engine))"
    case .release:
      return "\(engine.release())".replacing("BPFTaskWork.TaskWorkState", with: "TaskWorkState")
    case .begin:
      switch engine.scheduler.begin(context, using: engine) {
      case .running: return "running"
      case .cancelled: return "cancelled"
      case .refused: return "refused"
      }
    }
  }

  /// Brings a fresh engine's element 0 to a state and does something to it there.
  private func inState(_ state: TaskWorkState, _ body: @escaping @Sendable (SmallEngine, TaskWorkContext) -> Void)
    throws
  {
    let engine = SmallEngine()
    engine.schedule()
    let context = try #require(engine.context(of: 0))
    switch state {
    case .standby:
      engine.performDeferredSteps()
      engine.runWork()
      body(engine, context)
    case .pending:
      body(engine, context)
    case .scheduling:
      engine.onAttach.withLock { hook in hook = { body(engine, context) } }
      engine.performDeferredSteps()
      engine.onAttach.withLock { $0 = nil }
    case .scheduled:
      engine.performDeferredSteps()
      body(engine, context)
    case .running:
      engine.performDeferredSteps()
      engine.runWork { _ in body(engine, context) }
    case .freed:
      engine.release()
      body(engine, context)
    }
  }

  @Test("every operation in every state does its step of the table, or nothing at all")
  func everyOperationInEveryState() throws {
    for state in TaskWorkState.allCases {
      for action in Action.allCases {
        try inState(state) { engine, context in
          #expect(engine.scheduler.state(of: context) == state, "set up for \(action)")
          let references = (engine.programReferences.value, engine.task(0).references.value)
          let answer = perform(action, on: context, of: engine)
          let (expectedAnswer, next) = expected(action, in: state)
          #expect(answer == expectedAnswer, "\(action) in \(state)")
          #expect(engine.scheduler.state(of: context) == next, "\(action) in \(state)")
          if answer == "refused" || answer == "busy" {
            #expect(
              (engine.programReferences.value, engine.task(0).references.value) == references, "\(action) \(state)")
          }
        }
      }
    }
  }

  @Test("a context's name that has outlived its use is refused everywhere")
  func staleNames() throws {
    let engine = SmallEngine(stock: 1)
    engine.schedule()
    let stale = try #require(engine.context(of: 0))
    engine.performDeferredSteps()
    engine.runWork()
    engine.release()
    #expect(engine.scheduler.state(of: stale) == nil)
    engine.schedule(1)
    engine.performDeferredSteps()
    let fresh = try #require(engine.context(of: 1))
    #expect(fresh.index == stale.index && fresh != stale)
    for action in [Action.attach, .cancel, .begin] {
      #expect(perform(action, on: stale, of: engine) == "refused")
    }
    #expect(engine.remove(stale) == false)
    #expect(engine.state(1) == .scheduled)
    #expect(engine.runWork() == [1])
  }
}
