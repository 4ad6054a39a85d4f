extension TaskWorkAlgorithm {
  /// PENDING → SCHEDULING → SCHEDULED, or back to STANDBY when the thread no longer accepts work.
  package func performAttach(_ context: TaskWorkContext, _ resources: any TaskWorkResources) -> DeferredOutcome {
    let word = memory.word(.state, of: context.index)
    let pending = StateWord(rawValue: word.load())
    guard pending.generation == context.generation, pending.state == .pending || pending.state == .freed else {
      return .refused
    }
    let scheduling = pending.with(.scheduling)
    guard pending.state == .pending,
      word.compareExchange(expected: pending.rawValue, desired: scheduling.rawValue) == pending.rawValue
    else {
      dropReference(context, resources)
      return .cancelled
    }

    let request = memory.request(of: context.index).request
    guard resources.attach(context, to: request.task, mode: request.mode) else {
      dropHeldReferences(of: context.index, resources)
      // Fails if the slot was released meanwhile, which is as good: the context stays FREED.
      _ = word.compareExchange(expected: scheduling.rawValue, desired: scheduling.with(.standby).rawValue)
      dropReference(context, resources)
      return .declined
    }

    // The request's reference is now the list's. The thread may have run the callback already, the context may serve
    // another slot: nothing but this one compare-and-swap, which then fails by its numbers, may touch it.
    let seen = StateWord(
      rawValue: word.compareExchange(expected: scheduling.rawValue, desired: scheduling.with(.scheduled).rawValue))
    guard seen.state == .freed, seen.generation == context.generation else { return .attached }

    // A release came in between and saw SCHEDULING, so removing the work is left to us. If the thread has taken it, its
    // reference on the task may be gone, hence our own.
    guard resources.takeTaskReference(request.task) else { return .takenByThread }
    let removed = resources.detach(context, from: request.task)
    if removed { dropReference(context, resources) }
    resources.dropTaskReference(request.task)
    return removed ? .cancelled : .takenByThread
  }

  /// The second deferred step of a release that found SCHEDULED: takes the work off the thread's list.
  package func performCancel(_ context: TaskWorkContext, _ resources: any TaskWorkResources) -> DeferredOutcome {
    let current = StateWord(rawValue: memory.word(.state, of: context.index).load())
    guard current.generation == context.generation, current.state == .freed else { return .refused }
    // The slot's reference, which came with this step, keeps the request and its reference on the task in place: a
    // thread that finds FREED drops no more than the request's reference on the context.
    let removed = resources.detach(context, from: memory.request(of: context.index).request.task)
    if removed { dropReference(context, resources) }
    dropReference(context, resources)
    return removed ? .cancelled : .takenByThread
  }

  /// SCHEDULING or SCHEDULED → RUNNING. The thread may be quicker than the deferred step, hence the two.
  package func begin(_ context: TaskWorkContext, _ resources: any TaskWorkResources) -> CallbackStart {
    let word = memory.word(.state, of: context.index)
    var current = StateWord(rawValue: word.load())
    while current.generation == context.generation {
      switch current.state {
      case .scheduling, .scheduled:
        let running = current.with(.running)
        let seen = word.compareExchange(expected: current.rawValue, desired: running.rawValue)
        if seen == current.rawValue {
          let request = memory.request(of: context.index).request
          return .running(RunningCallback(context: context, request: request, running: running))
        }
        current = StateWord(rawValue: seen)
      case .freed:
        dropReference(context, resources)
        return .cancelled
      case .standby, .pending, .running:
        return .refused
      }
    }
    return .refused
  }

  /// RUNNING → STANDBY, after the references on program and task are gone.
  ///
  /// In the other order a program that finds STANDBY and schedules again would have its new references dropped in place
  /// of the old ones.
  /// - Returns: whether the context is ready for another request; false if its slot was released during the callback.
  package func finish(_ callback: consuming RunningCallback, _ resources: any TaskWorkResources) -> Bool {
    let context = callback.context
    let running = callback.running
    dropHeldReferences(of: context.index, resources)
    let seen = memory.word(.state, of: context.index).compareExchange(
      expected: running.rawValue, desired: running.with(.standby).rawValue)
    dropReference(context, resources)
    return seen == running.rawValue
  }
}
