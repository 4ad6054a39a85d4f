extension TaskWorkAlgorithm {
  /// The kfunc, from the tests to the queued step. Lock-free, and without allocation.
  ///
  /// The tests come in this order: reference on the program, reference on the task, user count of the map, context,
  /// state, user count again. A call that finds the task gone and the element busy therefore answers about the task.
  package func schedule(
    _ request: TaskWorkRequest, slot: Memory.Word, _ resources: any TaskWorkResources
  ) -> ScheduleOutcome {
    guard resources.takeProgramReference(request.program) else { return .badReference }
    guard resources.takeTaskReference(request.task) else {
      resources.dropProgramReference(request.program)
      return .badReference
    }
    var outcome = ScheduleOutcome.busy
    if let context = acquire(slot: slot, map: request.map, &outcome, resources) {
      memory.setRequest(HeldRequest(request: request, holdsReferences: true), of: context.index)
      // From here on the context belongs to the deferred step, which may be over before `queue` returns.
      resources.queue(DeferredStep(.attach, context))
      return .accepted
    }
    resources.dropTaskReference(request.task)
    resources.dropProgramReference(request.program)
    return outcome
  }

  /// Brings the slot's context to PENDING and takes the request's reference on it, or gives the reason why not.
  @inline(__always)
  private func acquire(
    slot: Memory.Word, map: UInt64, _ outcome: inout ScheduleOutcome, _ resources: any TaskWorkResources
  ) -> TaskWorkContext? {
    guard resources.mapHasUserReference(map) else { return nil }
    guard let context = findOrCreate(slot) else {
      outcome = .noMemory
      return nil
    }
    // Fails when a release has dropped the last reference since the slot was read.
    guard takeReference(context) else { return nil }

    let word = memory.word(.state, of: context.index)
    let current = StateWord(rawValue: word.load())
    guard current.state == .standby,
      word.compareExchange(expected: current.rawValue, desired: current.nextPending.rawValue) == current.rawValue
    else {
      dropReference(context, resources)
      return nil
    }
    // The last user may have let go, and emptied all slots, before ours was filled: then nobody would ever release it.
    guard resources.mapHasUserReference(map) else {
      _ = release(slot: slot, resources)
      dropReference(context, resources)
      return nil
    }
    return context
  }

  /// The slot's context, or a fresh one; of several that come with a fresh one, one wins and all use it.
  @inline(__always)
  private func findOrCreate(_ slot: Memory.Word) -> TaskWorkContext? {
    if let present = TaskWorkContext(rawValue: slot.load()) { return present }
    guard let fresh = allocate() else { return nil }
    guard let winner = TaskWorkContext(rawValue: slot.compareExchange(expected: 0, desired: fresh.rawValue)) else {
      return fresh
    }
    discard(fresh)
    return winner
  }

  /// Empties a slot and cancels what its context has outstanding. Never waits; a second call finds the slot empty.
  ///
  /// The slot goes first, so that the element can be scheduled again at once, with a fresh context, even while the
  /// callback of the old one still runs.
  package func release(slot: Memory.Word, _ resources: any TaskWorkResources) -> ReleaseOutcome {
    guard let context = TaskWorkContext(rawValue: slot.exchange(0)) else { return .empty }
    let freed = StateWord(generation: context.generation, request: 0, state: .freed)
    let before = StateWord(rawValue: memory.word(.state, of: context.index).exchange(freed.rawValue)).state
    if before == .scheduled {
      // The request sits on a thread's list. Taking it off needs that list's gate, which is not for an NMI; the slot's
      // reference goes along with the step.
      resources.queue(DeferredStep(.cancel, context))
    } else {
      dropReference(context, resources)
    }
    return .released(from: before)
  }
}
