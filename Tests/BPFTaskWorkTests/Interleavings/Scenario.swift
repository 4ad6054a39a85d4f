import BPFTaskWork

/// Something that an actor does, which others may get in between.
struct Operation {
  /// An operation that is not enabled is waited for, if need be for ever.
  let isEnabled: (Model.State) -> Bool
  /// An operation that is idle is left out.
  let isIdle: (Model.State) -> Bool
  let body: (Model) -> Void

  init(
    when isEnabled: @escaping (Model.State) -> Bool = { _ in true },
    idleIf isIdle: @escaping (Model.State) -> Bool = { _ in false },
    _ body: @escaping (Model) -> Void
  ) {
    self.isEnabled = isEnabled
    self.isIdle = isIdle
    self.body = body
  }

  /// The kfunc on a CPU with interrupts disabled.
  static func schedule(_ number: Int, element: Int = 0, cpu: Int) -> Operation {
    Operation { $0.schedule(number, element: element, cpu: cpu) }
  }

  static func release(_ element: Int = 0, cpu: Int) -> Operation {
    Operation { $0.release(element, cpu: cpu) }
  }

  /// Interrupts are enabled on a CPU. Only the CPU itself puts steps on its queue.
  static func perform(cpu: Int) -> Operation {
    Operation(idleIf: { $0.words[Model.queueBase + cpu] == 0 }) { $0.performDeferredSteps(of: cpu) }
  }

  /// The thread takes its list once. Disabled while nothing is there, since taking nothing changes nothing.
  static var pass: Operation {
    Operation(when: { $0.words[Model.listWord] != 0 }) { $0.pass(closing: false) }
  }

  /// The thread, which exits, takes its list once more or closes it.
  static var exitPass: Operation { Operation { $0.pass(closing: true) } }

  /// User space lets go of the map: first the count, then the slots.
  static func closeMap(cpu: Int) -> Operation {
    Operation { model in
      model.dropMapUser()
      model.release(0, cpu: cpu)
    }
  }
}

extension Model {
  func schedule(_ number: Int, element: Int = 0, cpu: Int) {
    self.cpu = cpu
    let outcome = algorithm.schedule(Self.request(number, element: element), slot: slot(element), self)
    if outcome == .accepted { observe { $0.accepted[number] += 1 } }
  }

  func release(_ element: Int = 0, cpu: Int) {
    self.cpu = cpu
    _ = algorithm.release(slot: slot(element), self)
    observe { $0.releases += 1 }
  }

  func performDeferredSteps(of cpu: Int) {
    self.cpu = cpu
    var upcoming = queue(of: cpu).takeAll()
    while let step = upcoming {
      upcoming = queue(of: cpu).successor(of: step)
      switch step.kind {
      case .attach: _ = algorithm.performAttach(step.context, self)
      case .cancel: _ = algorithm.performCancel(step.context, self)
      }
    }
  }

  func pass(closing: Bool) {
    var upcoming = list.takeAll(closingIfEmpty: closing, gate: gate)
    while let context = upcoming {
      upcoming = list.successor(of: context)
      run(context)
    }
  }

  private func run(_ context: TaskWorkContext) {
    switch algorithm.begin(context, self) {
    case .running(let callback):
      let number = Int(callback.request.callback)
      observe { state in
        state.callbacks[number] += 1
        if state.callbacks[number] > 1 { fail("callback \(number) ran twice") }
        if state.programReferences[number] != 1 || state.taskReferences < 1 {
          fail("callback \(number) ran without its references")
        }
      }
      callbackBody(self, number)
      observe { state in
        if state.programReferences[number] != 1 { fail("callback \(number) lost its program while it ran") }
      }
      _ = algorithm.finish(callback, self)
    case .cancelled: break
    case .refused: observe { _ in fail("the thread was given a context that was not attached") }
    }
  }

  // MARK: At the end

  /// Lets everything come to rest: deferred steps, the thread, and at last the slots.
  func settle(releasing: Bool) {
    for _ in 0..<8 {
      for cpu in 0..<Self.cpuCount { performDeferredSteps(of: cpu) }
      pass(closing: false)
    }
    if releasing {
      for element in 0..<Self.slotCount { release(element, cpu: 0) }
      settle(releasing: false)
    }
  }

  /// The contexts on the free list; nil if the list has a loop.
  var freeContexts: [UInt32]? {
    var free: [UInt32] = []
    var link = FreeListHead(rawValue: state.words[0]).link
    while link != 0 {
      guard free.count < contextCount, link <= UInt64(contextCount) else { return nil }
      let index = UInt32(link - 1)
      free.append(index)
      link = state.words[Self.contextBase + Int(index) * ContextField.allCases.count + ContextField.freeLink.rawValue]
    }
    return free
  }

  func state(ofSlot element: Int) -> TaskWorkState? {
    guard let context = TaskWorkContext(rawValue: state.words[Self.slotBase + element]) else { return nil }
    let base = Self.contextBase + Int(context.index) * ContextField.allCases.count
    return StateWord(rawValue: state.words[base + ContextField.state.rawValue]).state
  }

  /// An element that stays busy although nothing is left that could change it.
  var stuckSlot: String? {
    for element in 0..<Self.slotCount {
      if let state = state(ofSlot: element), state != .standby { return "element \(element) is stuck in \(state)" }
    }
    return nil
  }

  /// What is wrong once everything has been released.
  var imbalance: String? {
    guard let free = freeContexts else { return "the free list has a loop" }
    if Set(free).count != free.count { return "a context is twice on the free list: \(free)" }
    if free.count != contextCount { return "\(contextCount - free.count) contexts were lost" }
    if state.programReferences.contains(where: { $0 != 0 }) { return "program references left" }
    if state.taskReferences != 0 { return "task references left" }
    for index in 0..<contextCount {
      let base = Self.contextBase + index * ContextField.allCases.count
      let word = ReferenceWord(rawValue: state.words[base + ContextField.references.rawValue])
      if word.count != 0 { return "references left on context \(index)" }
    }
    for number in 0..<Self.requestCount where state.callbacks[number] > state.accepted[number] {
      return "callback \(number) ran although its request was not accepted"
    }
    return nil
  }
}
