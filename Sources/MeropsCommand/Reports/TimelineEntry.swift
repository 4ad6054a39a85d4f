import Merops

/// An event of a timeline as the JSON document has it. Members that an event does not have are absent.
package struct TimelineEntry: Codable, Hashable, Sendable {
  /// Nanoseconds of virtual time since the script began.
  package var time: UInt64
  package var cpu: Int
  /// `user`, `task`, `softirq`, `irq` or `nmi`.
  package var context: String
  package var thread: Thread
  /// What happened, such as `callbackEntered`.
  package var event: String

  /// The name of a program, for `programRan` and `fault`.
  package var program: String?
  /// The name of a callback, or of the function that copied.
  package var function: String?
  package var result: Int64?
  package var instructions: Int?
  /// The map and key of a request's element; the map of a timer.
  package var map: String?
  package var key: JSONValue?
  /// `resume` or `signal`.
  package var mode: String?
  /// The thread of a request, or the child of a fork.
  package var target: Thread?
  package var address: UInt64?
  /// Whether a page had to be read from a file.
  package var isMajor: Bool?
  package var systemCall: String?
  package var signal: Int32?
  /// What a program printed, or why it was stopped.
  package var text: String?

  /// A thread.
  package struct Thread: Codable, Hashable, Sendable {
    package var name: String
    package var pid: Int32

    init(_ thread: TimelineEvent.ThreadName) {
      name = thread.comm
      pid = thread.pid
    }
  }

  init(_ event: TimelineEvent, _ run: ScenarioRun) {
    time = event.time - min(event.time, run.machine.configuration.startTime)
    cpu = event.cpu
    context = event.context.description.lowercased()
    thread = Thread(event.thread)
    self.event = ""
    set(event.kind, run)
  }

  private mutating func set(_ kind: TimelineEvent.Kind, _ run: ScenarioRun) {
    switch kind {
    case .interruptEntered: event = "interruptEntered"
    case .interruptLeft: event = "interruptLeft"
    case .programRan(let name, let result, let instructions):
      event = "programRan"
      program = name
      self.result = result
      self.instructions = instructions
    case .scheduled(let request, let result):
      event = "scheduled"
      set(request, run)
      self.result = result
    case .attached(let request):
      event = "attached"
      set(request, run)
    case .dropped(let request):
      event = "dropped"
      set(request, run)
    case .cancelled(let request):
      event = "cancelled"
      set(request, run)
    case .callbackEntered(let request, let function):
      event = "callbackEntered"
      set(request, run)
      self.function = function
    case .callbackLeft(let request, let result):
      event = "callbackLeft"
      set(request, run)
      self.result = result
    case .pageFault(let fault):
      event = "pageFault"
      address = fault.address
      isMajor = fault.isMajor
    case .copiedFromUser(let function, let address, let result):
      event = "copiedFromUser"
      self.function = function
      self.address = address
      self.result = result
    case .systemCallEntered(let name):
      event = "systemCallEntered"
      systemCall = name
    case .blocked(let name):
      event = "blocked"
      systemCall = name
    case .restarted(let name):
      event = "restarted"
      systemCall = name
    case .systemCallLeft(let name, let result):
      event = "systemCallLeft"
      systemCall = name
      self.result = result
    case .switchedTo: event = "switchedTo"
    case .forked(let child):
      event = "forked"
      target = Thread(child)
    case .executed: event = "executed"
    case .signalHandled(let number):
      event = "signalHandled"
      signal = number
    case .stopped: event = "stopped"
    case .continued: event = "continued"
    case .exited: event = "exited"
    case .timerExpired(let map):
      event = "timerExpired"
      self.map = map
    case .trace(let text):
      event = "trace"
      self.text = text
    case .fault(let program, let message):
      event = "fault"
      self.program = program
      text = message
    }
  }

  private mutating func set(_ request: TimelineEvent.Request, _ run: ScenarioRun) {
    map = request.map
    key = JSONValue(run.key(of: request))
    mode = "\(request.mode)"
    target = Thread(request.target)
  }
}
