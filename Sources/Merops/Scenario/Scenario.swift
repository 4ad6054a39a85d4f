public import BPFObject
public import BPFSimulator
import BPFTypeFormat

/// The usual way to see a program run: a fresh machine, one task, and the event that the program waits for.
///
/// A machine with its clock at the start gets a task, which CPU 0 runs in user mode. The program is loaded, attached,
/// and its event happens: an NMI for `perf_event`, a system call or a change of tasks for tracepoints, a call of the
/// function for probes, a packet for XDP, `tc` and socket filters, a run for `syscall`. What a script needs beyond that is written with ``Machine`` itself.
///
/// ```swift
/// var scenario = Scenario()
/// scenario.userStrings = [.init(variable: "user_ptr", text: "hello world")]
/// let run = try scenario.run("oncpu_hash_map", of: ObjectFile(parsing: bytes))
/// print(TimelineText(run))
/// ```
public struct Scenario: Sendable {
  /// What the machine is made of.
  public var configuration = MachineConfiguration()
  /// The name of the task; its number is 1000, the first that the machine gives.
  public var taskName = "app"
  /// Texts in the task's memory, whose addresses variables of the object are set to.
  public var userStrings: [UserString] = []
  /// Whether the texts can be read without a page fault.
  public var userStringsAreResident = false
  /// How often the event happens.
  public var eventCount = 1
  /// The time between two events, and the period that `perf_event` programs see, in nanoseconds.
  public var period: UInt64 = 1_000_000
  /// The system call in which the task sleeps from the event on, until it is completed a period later.
  public var blockingCall: SystemCall?
  /// The arguments of the system call or function that is the event.
  public var arguments: [Argument] = []
  /// The context of a `syscall` program; zeros of the size of its parameter's type while this is empty.
  public var context: [UInt8] = []
  /// The packet for programs that work on packets, from its Ethernet header on.
  public var packet: [UInt8] = ExamplePacket.bytes
  /// Whether the program is verified before it is loaded.
  public var verification = ProgramVerification.standard
  /// How long the machine goes on after the last event, so that timers expire, in nanoseconds.
  public var linger: UInt64 = 1_000_000

  /// A text in user memory.
  public struct UserString: Hashable, Sendable {
    /// The variable of the object that gets the address.
    public var variable: String
    /// The text, to which a zero byte is added.
    public var text: String

    /// A text for a variable.
    public init(variable: String, text: String) {
      self.variable = variable
      self.text = text
    }
  }

  /// An argument of a call.
  public enum Argument: Hashable, Sendable {
    /// The value of the register.
    case number(UInt64)
    /// The address of a text in user memory.
    case userString(String)
  }

  /// A scenario in which the event happens once.
  public init() {}

  /// Runs a program of an object in a machine of its own.
  ///
  /// That a program is stopped by a fault does not end the scenario: the fault is in the machine's
  /// ``Machine/faults`` and in its timeline. When the Swift task that this runs in is cancelled, the event does not happen
  /// again, and ``ScenarioRun/eventCount`` says how often it did.
  ///
  /// - Parameters:
  ///   - name: the program.
  ///   - object: the object, edited as wanted.
  ///   - takeTimeline: gets a long timeline piece by piece, a piece each time that some thousand events have come together,
  ///     and says whether to go on. The machine forgets a piece that was given out, so that a run of any length takes
  ///     little memory; what comes after the last piece is left in ``Machine/timeline``.
  public func run(
    _ name: String, of object: ObjectFile, takeTimeline: (([TimelineEvent]) -> Bool)? = nil
  ) throws(ScenarioError) -> ScenarioRun {
    guard let program = object.programs[name] else {
      throw .unknownProgram(name, available: Array(object.programs.keys))
    }
    let trigger = try ProgramTrigger(for: program, period: period)
    var stage = try step { () throws(MachineError) in try Stage(self, trigger) }
    if program.kind.type == .systemCall {
      let size = program.contextType(in: object).flatMap { try? object.types?.size(of: $0) } ?? 0
      stage.context = context.isEmpty ? [UInt8](repeating: 0, count: min(size, 4096)) : context
    }
    var object = object
    for string in userStrings {
      let address = try step { () throws(MachineError) in try stage.map(string.text) }
      do {
        try object.set(string.variable, to: address)
      } catch {
        throw .edit(error)
      }
    }
    // A program array may hold other programs, which have to be there when it is filled.
    let tails = object.maps.values.filter { $0.type == .programArray }.flatMap(\.initialSlots.values)
    let loaded: LoadedObject
    do {
      loaded = try stage.machine.load(object, programs: Set(tails + [name]), verification: verification)
    } catch {
      throw .load(error)
    }
    try step { () throws(MachineError) in try stage.play(name, of: loaded, takeTimeline) }
    let parameter = program.contextType(in: object)
    let context = stage.context.isEmpty ? nil : DecodedValue(stage.context, as: parameter ?? .void, in: object.types)
    return ScenarioRun(
      machine: stage.machine, object: loaded, task: stage.task, program: name, context: context,
      packetResult: stage.packetResult, eventCount: stage.eventCount)
  }

  private func step<Result>(_ body: () throws(MachineError) -> Result) throws(ScenarioError) -> Result {
    do {
      return try body()
    } catch {
      throw .machine(error)
    }
  }
}

extension Program {
  /// The type that the program's parameter points to, if the object has types.
  fileprivate func contextType(in object: ObjectFile) -> BTFTypeID? {
    guard let types = object.types, let function = functions.first?.type,
      case .function(let prototype, _)? = try? types.type(function).kind,
      case .functionPrototype(let signature)? = try? types.type(prototype).kind,
      let parameter = signature.parameters.first, let resolved = try? types.resolve(parameter.type),
      case .pointer(let target)? = try? types.type(resolved).kind
    else { return nil }
    return target
  }
}
