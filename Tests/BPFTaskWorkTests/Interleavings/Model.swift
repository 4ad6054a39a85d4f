import BPFTaskWork

/// A machine of a few words on which the module's own algorithms run one atomic access at a time.
///
/// An operation is advanced by one access in this way: it is called from its beginning, its earlier accesses are
/// answered from a log, the next one is made and logged, and all later ones get answers that lead it to its end without
/// any effect. So no thread and no coroutine is needed, a configuration is a plain value, and one that was seen before
/// need not be looked at again.
final class Model: TaskWorkMemory, TaskWorkResources, @unchecked Sendable {
  /// All that the actors share.
  struct State: Hashable {
    var words: [UInt64]
    /// What each context was asked for: `id << 1 | holdsReferences`.
    var requests: [UInt64]
    /// By the request's number, since each request has a program of its own.
    var programReferences: [Int]
    var taskReferences = 0
    var mapUsers = 1
    var accepted: [Int]
    var callbacks: [Int]
    var releases = 0
  }

  static let slotCount = 4
  static let cpuCount = 4
  static let requestCount = 6

  let contextCount: Int
  var state: State
  /// The first broken rule.
  var failure: String?
  /// With this set, each access is described in `trace`.
  var isTracing = false
  var trace: [String] = []
  /// The CPU on whose queue steps are put.
  var cpu = 0
  /// What a callback does, by the request's number.
  var callbackBody: (Model, Int) -> Void = { _, _ in }

  // The replay of one operation.
  private var log: [UInt64] = []
  private var cursor = 0
  private var hasStepped = false
  private var isSpent = false
  private var isDirect = true

  init(contexts: Int) {
    contextCount = contexts
    state = State(
      words: Array(repeating: 0, count: Self.contextBase + contexts * ContextField.allCases.count),
      requests: Array(repeating: 0, count: contexts),
      programReferences: Array(repeating: 0, count: Self.requestCount),
      accepted: Array(repeating: 0, count: Self.requestCount),
      callbacks: Array(repeating: 0, count: Self.requestCount))
    for index in (0..<contexts).reversed() { algorithm.deallocate(UInt32(index)) }
  }

  // MARK: Words

  static var slotBase: Int { 1 }
  static var queueBase: Int { slotBase + slotCount }
  static var listWord: Int { queueBase + cpuCount }
  static var gateWord: Int { listWord + 1 }
  static var contextBase: Int { gateWord + 1 }

  var algorithm: TaskWorkAlgorithm<Model> { TaskWorkAlgorithm(memory: self) }
  var list: WorkListAlgorithm<Model> {
    WorkListAlgorithm(memory: self, head: ModelWord(model: self, index: Self.listWord, isStep: true))
  }
  var gate: ModelGate { ModelGate(model: self) }
  func slot(_ element: Int) -> ModelWord { ModelWord(model: self, index: Self.slotBase + element, isStep: true) }
  func queue(of cpu: Int) -> DeferredQueueAlgorithm<Model> {
    DeferredQueueAlgorithm(memory: self, head: ModelWord(model: self, index: Self.queueBase + cpu, isStep: true))
  }

  // MARK: Advancing an operation

  enum Progress {
    case stepped
    case completed
    /// It waits for the gate; nothing was changed.
    case blocked
  }

  /// Makes one more access of an operation, whose earlier ones are in the log.
  func advance(_ log: inout [UInt64], _ operation: (Model) -> Void) -> Progress {
    self.log = log
    (cursor, hasStepped, isSpent, isDirect) = (0, false, false, false)
    operation(self)
    isDirect = true
    log = self.log
    if !isSpent { return .completed }
    return hasStepped ? .stepped : .blocked
  }

  /// One access: from the log, made now, or made no more.
  fileprivate func interact(
    isStep: Bool, spent: UInt64, _ description: @autoclosure () -> String, isBlocked: Bool = false,
    _ effect: (inout State) -> UInt64
  ) -> UInt64 {
    if !isDirect {
      if cursor < log.count {
        cursor += 1
        return log[cursor - 1]
      }
      if isSpent { return spent }
      if isStep {
        if hasStepped || isBlocked {
          isSpent = true
          return spent
        }
        hasStepped = true
      }
    }
    let result = effect(&state)
    if isTracing { trace.append(description() + " → " + String(result, radix: 16)) }
    if !isDirect {
      log.append(result)
      cursor = log.count
    }
    return result
  }

  /// Notes something that is no access of the algorithms.
  func observe(_ effect: (inout State) -> Void) {
    _ = interact(isStep: false, spent: 0, "note") { state in
      effect(&state)
      return 0
    }
  }

  func fail(_ text: String) {
    if failure == nil { failure = text }
  }

  // MARK: TaskWorkMemory

  var freeList: ModelWord { ModelWord(model: self, index: 0, isStep: true) }

  func word(_ field: ContextField, of index: UInt32) -> ModelWord {
    guard index < contextCount else { return ModelWord(model: self, index: 0, isStep: true) }
    // The links of the lists belong to one actor at a time.
    let isStep = field != .workLink && field != .deferredLink
    return ModelWord(
      model: self, index: Self.contextBase + Int(index) * ContextField.allCases.count + field.rawValue, isStep: isStep)
  }

  func request(of index: UInt32) -> HeldRequest {
    // Not atomic, but a step: what would happen if it did not belong to the reader alone has to come out.
    let word = interact(isStep: true, spent: 0, "read request of \(index)") { $0.requests[Int(index)] }
    return HeldRequest(request: Self.request(Int(word >> 1)), holdsReferences: word & 1 != 0)
  }

  func setRequest(_ request: HeldRequest, of index: UInt32) {
    _ = interact(isStep: false, spent: 0, "write request of \(index)") { state in
      state.requests[Int(index)] = request.request.callback << 1 | (request.holdsReferences ? 1 : 0)
      return 0
    }
  }

  func stockChanged(by change: Int) {}

  // MARK: TaskWorkResources

  /// The request with a number; elements are set by the scenario.
  static func request(_ number: Int, element: Int = 0) -> TaskWorkRequest {
    TaskWorkRequest(
      task: 0, program: UInt64(number), map: 0, element: element, callback: UInt64(number), mode: .resume)
  }

  func takeProgramReference(_ program: UInt64) -> Bool {
    observe { $0.programReferences[Int(program)] += 1 }
    return true
  }

  func dropProgramReference(_ program: UInt64) {
    observe { state in
      state.programReferences[Int(program)] -= 1
      if state.programReferences[Int(program)] < 0 { fail("program \(program) dropped too often") }
    }
  }

  func takeTaskReference(_ task: UInt64) -> Bool {
    observe { $0.taskReferences += 1 }
    return true
  }

  func dropTaskReference(_ task: UInt64) {
    observe { state in
      state.taskReferences -= 1
      if state.taskReferences < 0 { fail("task dropped too often") }
    }
  }

  func mapHasUserReference(_ map: UInt64) -> Bool {
    interact(isStep: true, spent: 1, "read map users") { UInt64($0.mapUsers) } != 0
  }

  /// The closing side's access to the count.
  func dropMapUser() {
    _ = interact(isStep: true, spent: 0, "drop map user") { state in
      state.mapUsers = 0
      return 0
    }
  }

  func queue(_ step: DeferredStep) {
    _ = queue(of: cpu).push(step)
  }

  func attach(_ context: TaskWorkContext, to task: UInt64, mode: TaskWorkMode) -> Bool {
    observe { if $0.taskReferences < 1 { fail("attached to a task without a reference") } }
    return list.push(context)
  }

  func detach(_ context: TaskWorkContext, from task: UInt64) -> Bool {
    observe { if $0.taskReferences < 1 { fail("detached from a task without a reference") } }
    return list.remove(context, gate: gate)
  }
}

/// One word of the model.
struct ModelWord: AtomicWord {
  unowned let model: Model
  let index: Int
  let isStep: Bool

  func load() -> UInt64 {
    model.interact(isStep: isStep, spent: 0, "load \(name)") { $0.words[index] }
  }

  func store(_ value: UInt64) {
    _ = model.interact(isStep: isStep, spent: 0, "store \(name) \(String(value, radix: 16))") { state in
      write(value, &state)
      return 0
    }
  }

  func exchange(_ value: UInt64) -> UInt64 {
    model.interact(isStep: isStep, spent: 0, "exchange \(name) \(String(value, radix: 16))") { state in
      let before = state.words[index]
      write(value, &state)
      return before
    }
  }

  func compareExchange(expected: UInt64, desired: UInt64) -> UInt64 {
    let text = "\(String(expected, radix: 16)) ⇒ \(String(desired, radix: 16))"
    return model.interact(isStep: isStep, spent: expected, "compare \(name) \(text)") { state in
      let before = state.words[index]
      if before == expected { write(desired, &state) }
      return before
    }
  }

  func subtract(_ value: UInt64) -> UInt64 {
    model.interact(isStep: isStep, spent: 0, "subtract \(name)") { state in
      let before = state.words[index]
      if field == .references, ReferenceWord(rawValue: before).count < value {
        model.fail("a reference was dropped that nobody held")
      }
      write(before &- value, &state)
      return before
    }
  }

  private var field: ContextField? {
    guard index >= Model.contextBase else { return nil }
    return ContextField(rawValue: (index - Model.contextBase) % ContextField.allCases.count)
  }

  private var name: String {
    switch index {
    case 0: "free list"
    case Model.listWord: "work list"
    case Model.gateWord: "gate"
    case Model.contextBase...:
      "\(field.map { "\($0)" } ?? "") of \((index - Model.contextBase) / ContextField.allCases.count)"
    case Model.queueBase...: "queue \(index - Model.queueBase)"
    default: "slot \(index - Model.slotBase)"
    }
  }

  /// Writes, and looks whether the state machine has this step.
  private func write(_ value: UInt64, _ state: inout Model.State) {
    if field == .state {
      let (before, after) = (StateWord(rawValue: state.words[index]), StateWord(rawValue: value))
      if before.generation == after.generation {
        let isNewRequest = after.state == .pending
        let numberFits =
          after.state == .freed || after.request == (isNewRequest ? before.request + 1 : before.request)
        if !before.state.canBecome(after.state) || !numberFits {
          model.fail("\(name) went from \(before.state) #\(before.request) to \(after.state) #\(after.request)")
        }
      } else if after.state != .standby {
        model.fail("\(name) started its life as \(after.state)")
      }
    }
    state.words[index] = value
  }
}

/// The gate of the model's one work list.
struct ModelGate: WorkGate {
  unowned let model: Model

  func locked<Value>(_ body: () -> Value) -> Value {
    let isTaken = model.state.words[Model.gateWord] != 0
    _ = model.interact(isStep: true, spent: 0, "lock gate", isBlocked: isTaken) { state in
      state.words[Model.gateWord] = 1
      return 0
    }
    let value = body()
    _ = model.interact(isStep: true, spent: 0, "unlock gate") { state in
      state.words[Model.gateWord] = 0
      return 0
    }
    return value
  }
}
