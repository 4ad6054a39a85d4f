import BPFTaskWork
import Testing

/// The module's algorithms in every order in which the accesses of their actors can follow each other.
///
/// In all of them: the state takes only steps of the table, and FREED is never left; a callback runs at most once for
/// its request and holds its references while it runs; no reference is dropped that nobody holds; no element stays
/// busy once all is at rest; and after the slots are released every context is back in the pool, once.
@Suite struct InterleavingTests {
  private func expectSound(
    _ explorer: Explorer, _ model: Model, callbackCounts: Set<Int>, atLeast configurations: Int,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let result = explorer.explore(model)
    #expect(result.failure == nil, sourceLocation: location)
    #expect(result.callbackCounts == callbackCounts, "how many callbacks ran", sourceLocation: location)
    #expect(result.configurations >= configurations, "the exploration was cut short", sourceLocation: location)
  }

  /// Nothing cancels in the scenario, so what was accepted runs.
  private func nothingLost(_ model: Model) -> String? {
    model.state.callbacks == model.state.accepted ? nil : "an accepted request did not run"
  }

  @Test("schedule, release, and a thread on its way to user mode")
  func scheduleReleaseRun() {
    let explorer = Explorer(actors: [
      [.schedule(0, cpu: 0), .perform(cpu: 0)],
      [.release(cpu: 1), .perform(cpu: 1)],
      [.pass],
    ])
    expectSound(explorer, Model(contexts: 1), callbackCounts: [0, 1], atLeast: 600)
  }

  @Test("release of a context that is used again, against all its steps")
  func releaseOfUsedContext() {
    let model = Model(contexts: 2)
    model.schedule(0, cpu: 0)
    model.settle(releasing: false)
    let explorer = Explorer(actors: [
      [.schedule(1, cpu: 0), .perform(cpu: 0)],
      [.release(cpu: 1), .perform(cpu: 1), .release(cpu: 1), .perform(cpu: 1)],
      [.pass, .pass],
    ])
    expectSound(explorer, model, callbackCounts: [1, 2], atLeast: 600)
  }

  @Test("two that schedule one fresh element: the second is accepted only when the first is done")
  func twoCreators() {
    let explorer = Explorer(
      actors: [
        [.schedule(0, cpu: 0), .perform(cpu: 0)],
        [.schedule(1, cpu: 1), .perform(cpu: 1)],
        [.pass],
      ],
      settled: nothingLost)
    expectSound(explorer, Model(contexts: 2), callbackCounts: [1, 2], atLeast: 10_000)
  }

  @Test("two elements compete for the last context: one is told that there is no memory")
  func lastContext() {
    let explorer = Explorer(
      actors: [
        [.schedule(0, element: 0, cpu: 0), .perform(cpu: 0), .release(0, cpu: 0), .perform(cpu: 0)],
        [.schedule(1, element: 1, cpu: 1), .perform(cpu: 1)],
      ])
    expectSound(explorer, Model(contexts: 1), callbackCounts: [0, 1], atLeast: 300)
  }

  @Test("contexts are taken and given back without being lost or doubled")
  func pool() {
    let churn = { (number: Int, cpu: Int) -> [Operation] in
      [.schedule(number, element: number, cpu: cpu), .release(number, cpu: cpu), .perform(cpu: cpu)]
    }
    let explorer = Explorer(actors: [churn(0, 0), churn(1, 1)])
    expectSound(explorer, Model(contexts: 2), callbackCounts: [0], atLeast: 500)
  }

  @Test("a context that is the pool's first again after others were taken is not mistaken for the same")
  func poolTurnedRound() {
    let explorer = Explorer(actors: [
      [.schedule(2, element: 2, cpu: 0)],
      [
        .schedule(0, element: 0, cpu: 1), .schedule(1, element: 1, cpu: 1), .release(0, cpu: 1), .perform(cpu: 1),
      ],
    ])
    expectSound(explorer, Model(contexts: 3), callbackCounts: [2], atLeast: 300)
  }

  @Test("a release while the thread declines the request: FREED stays")
  func releaseWhileDeclined() {
    let model = Model(contexts: 2)
    model.pass(closing: true)
    let explorer = Explorer(actors: [
      [.schedule(0, cpu: 0), .perform(cpu: 0)],
      [.release(cpu: 1), .perform(cpu: 1), .schedule(1, cpu: 1), .perform(cpu: 1)],
    ])
    expectSound(explorer, model, callbackCounts: [0], atLeast: 300)
  }

  @Test("a deferred step held up while its request is done and the next is declined by an exiting thread")
  func heldUpStep() {
    let explorer = Explorer(
      actors: [
        [.schedule(0, cpu: 0), .perform(cpu: 0)],
        [.schedule(1, cpu: 1), .perform(cpu: 1)],
        [.pass, .exitPass],
      ])
    expectSound(explorer, Model(contexts: 2), callbackCounts: [1, 2], atLeast: 1000)
  }

  @Test("an element overwritten and scheduled again while its first request is under way")
  func releaseAndScheduleAgain() {
    let explorer = Explorer(
      actors: [
        [.schedule(0, cpu: 0), .perform(cpu: 0)],
        [.release(cpu: 1), .schedule(1, cpu: 1), .perform(cpu: 1)],
        [.pass],
      ])
    expectSound(explorer, Model(contexts: 2), callbackCounts: [1, 2], atLeast: 1000)
  }

  @Test("two that schedule and one that releases")
  func twoSchedulesOneRelease() {
    let explorer = Explorer(actors: [
      [.schedule(0, cpu: 0), .perform(cpu: 0)],
      [.schedule(1, cpu: 1), .perform(cpu: 1)],
      [.release(cpu: 2), .perform(cpu: 2)],
    ])
    expectSound(explorer, Model(contexts: 2), callbackCounts: [0, 1], atLeast: 1000)
  }

  @Test("two that release one attached request: one finds the slot empty")
  func twoReleases() {
    let model = Model(contexts: 1)
    model.schedule(0, cpu: 0)
    model.performDeferredSteps(of: 0)
    let explorer = Explorer(actors: [
      [.release(cpu: 1), .perform(cpu: 1)],
      [.release(cpu: 2), .perform(cpu: 2)],
      [.pass],
    ])
    expectSound(explorer, model, callbackCounts: [0, 1], atLeast: 50)
  }

  @Test("the map's last user lets go while a program schedules: nothing stays behind in the slot")
  func closingMap() {
    var explorer = Explorer(actors: [
      [.schedule(0, cpu: 0), .perform(cpu: 0)],
      [.closeMap(cpu: 1), .perform(cpu: 1)],
      [.pass],
    ])
    explorer.atRest = { model in
      model.state.words[Model.slotBase] == 0 ? nil : "a context stays in a slot that nobody will release"
    }
    expectSound(explorer, Model(contexts: 2), callbackCounts: [0, 1], atLeast: 500)
    // And with a context that is there already.
    let model = Model(contexts: 2)
    model.schedule(2, cpu: 0)
    model.settle(releasing: false)
    expectSound(explorer, model, callbackCounts: [1, 2], atLeast: 500)
  }

  /// Three requests on the thread's list, element 2 in front.
  private func threeAttached() -> Model {
    let model = Model(contexts: 4)
    for element in 0..<3 {
      model.schedule(element, element: element, cpu: 0)
      model.performDeferredSteps(of: 0)
    }
    return model
  }

  @Test("two cancels from the front, the middle and the end of a list that is being taken")
  func cancelsInTheList() {
    for (first, second) in [(2, 1), (1, 0), (2, 0)] {
      let explorer = Explorer(actors: [
        [.release(first, cpu: 1), .perform(cpu: 1)],
        [.release(second, cpu: 2), .perform(cpu: 2)],
        [.pass],
      ])
      expectSound(explorer, threeAttached(), callbackCounts: [1, 2, 3], atLeast: 1000)
    }
  }

  @Test("a cancel from the front, the middle or the end of a list that is pushed on and taken")
  func cancelAndPush() {
    for element in 0..<3 {
      let explorer = Explorer(actors: [
        [.release(element, cpu: 1), .perform(cpu: 1)],
        [.schedule(3, element: 3, cpu: 2), .perform(cpu: 2)],
        [.pass],
      ])
      expectSound(explorer, threeAttached(), callbackCounts: [3, 4], atLeast: 1000)
    }
  }

  @Test("a callback that overwrites its own element and schedules it again, against a release from outside")
  func callbackOverwritesItself() {
    let model = Model(contexts: 2)
    model.callbackBody = { model, number in
      guard number == 0 else { return }
      model.release(0, cpu: 3)
      model.schedule(1, cpu: 3)
      model.performDeferredSteps(of: 3)
    }
    model.schedule(0, cpu: 0)
    model.performDeferredSteps(of: 0)
    let explorer = Explorer(actors: [
      [.release(cpu: 1), .perform(cpu: 1)],
      [.pass, .pass],
    ])
    expectSound(explorer, model, callbackCounts: [0, 1, 2], atLeast: 100)
  }

  @Test("an exiting thread closes its list without forgetting what was accepted")
  func exitingThread() {
    var explorer = Explorer(actors: [
      [.schedule(0, element: 0, cpu: 0), .perform(cpu: 0)],
      [.schedule(1, element: 1, cpu: 1), .perform(cpu: 1)],
      [.exitPass, .exitPass],
    ])
    explorer.settled = { model in
      model.state.programReferences.allSatisfy { $0 == 0 } ? nil : "a declined or run request keeps its program"
    }
    expectSound(explorer, Model(contexts: 2), callbackCounts: [0, 1, 2], atLeast: 1000)
  }
}
