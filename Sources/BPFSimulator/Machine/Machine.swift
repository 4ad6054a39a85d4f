public import BPFExecution
public import BPFTypeFormat

/// A deterministic model of the parts of a Linux machine that BPF programs see.
///
/// A script drives it: it creates tasks, maps their pages, lets CPUs run them, enters system calls and raises
/// interrupts. Whatever follows from that (deferred steps, task work on the way to user mode, wake-ups, timers) the
/// machine does by itself, in an order that depends on nothing but the script. There is no thread, no clock and no
/// randomness that is not seeded.
///
/// ```swift
/// let machine = try Machine()
/// let object = try machine.load(ObjectFile(parsing: bytes))
/// let task = try machine.spawn("server")
/// try machine.run(task, on: 0)
/// let link = try object.attach("oncpu_hash_map", to: .perfEvent(cpu: 0))
/// try machine.nmi(on: 0)
/// ```
public final class Machine {
  /// What the machine is made of.
  public let configuration: MachineConfiguration
  /// The types of the simulated kernel.
  public let types: BTF
  /// The memory that programs see.
  public let memory: AddressSpace
  /// The CPUs by number.
  public private(set) var cpus: [CPU] = []
  /// Nanoseconds since the machine was started.
  public internal(set) var now: UInt64
  /// What has happened, in order.
  public internal(set) var timeline: [TimelineEvent] = []
  /// What `bpf_trace_printk` has printed, a line an element.
  public internal(set) var traceLog: [String] = []
  /// The faults of programs, in order; the operation in which one happens throws it as well.
  public private(set) var faults: [ProgramFault] = []

  var tasks: [Int32: SimulatedTask] = [:]
  var tasksByAddress: [ProgramAddress: SimulatedTask] = [:]
  var nextPID: Int32 = 1000
  var events = EventQueue<MachineEvent>()
  var random: SeededGenerator
  let kernelObjects: KernelObjects
  var attachments: [EventAttachment] = []
  var nextAttachmentNumber = 1
  var maps: [UInt32: LoadedMap] = [:]
  var mapsByAddress: [ProgramAddress: LoadedMap] = [:]
  var programs: [UInt32: LoadedProgram] = [:]
  /// Addresses of the kernel variables that programs may refer to (`__ksym`).
  var kernelVariables: [String: ProgramAddress] = [:]
  /// The names of the kernel functions whose addresses were given out.
  var kernelSymbols: [UInt64: String] = [:]
  /// The variables of which each CPU has its own, by the address that programs refer to them with.
  var perCPUVariables: [ProgramAddress: PerCPUVariable] = [:]
  let mapEvents: MapEvents
  /// The CPUs that act, the innermost last: in whose name maps tell of released elements.
  var actingCPUs: [CPU] = []
  var nextMapID: UInt32 = 1
  var nextProgramID: UInt32 = 1
  var nextTimerIdentity: UInt64 = 1
  /// The timers whose callbacks run now, the innermost last.
  var runningTimers: [UInt64] = []
  let taskWork: TaskWorkEngine
  /// Tasks that have to run although no script puts them on a CPU: woken for work or by a signal.
  var awakened: [SimulatedTask] = []
  /// The objects that programs have made, in whose hands they are, and the lists and trees of them.
  var ownObjects = OwnObjects()
  /// The resilient locks that any run holds.
  var resilientLocks: Set<ProgramAddress> = []
  var mapsByRegion: [UInt64: LoadedMap] = [:]
  var memoryObjects: [ObjectIdentifier: KernelObject] = [:]
  /// The numbers of the files that are mapped, by their paths.
  var inodeNumbers: [String: UInt64] = [:]
  var registerObjects: [ProgramAddress: KernelObject] = [:]
  /// Names of weak kernel functions that programs may call and the kernel does not have.
  var missingFunctions: [String] = []
  var freeContexts: [ProgramAddress] = []
  let interpreter: Interpreter
  private var operationDepth = 0
  private var unreportedFault: ProgramFault?

  /// A machine in which every CPU is idle.
  public init(_ configuration: MachineConfiguration = MachineConfiguration()) throws(MachineError) {
    guard (1...256).contains(configuration.cpuCount) else {
      throw MachineError("a machine has 1 to 256 CPUs, not \(configuration.cpuCount)")
    }
    self.configuration = configuration
    types = SimulatedKernelTypes.shared
    mapEvents = MapEvents()
    do {
      memory = try AddressSpace()
      interpreter = try Interpreter(memory: memory)
    } catch {
      throw MachineError("no memory for the machine: \(error)")
    }
    now = configuration.startTime
    random = SeededGenerator(seed: configuration.seed)
    kernelObjects = KernelObjects(types: types, memory: memory)
    taskWork = TaskWorkEngine(freshContexts: configuration.freshContextsPerInterrupt)
    taskWork.machine = self
    mapEvents.machine = self
    try makePerCPUVariables()
    for number in 0..<configuration.cpuCount {
      let idle = try makeTask(pid: 0, tgid: 0, comm: "swapper/\(number)", kind: .idle, memory: nil, parent: nil)
      idle.state = .running(cpu: number)
      idle.lastCPU = number
      cpus.append(CPU(number: number, idleTask: idle, scheduler: taskWork.scheduler))
    }
  }

  /// The CPU of a number that a script gives.
  func cpu(_ number: Int) throws(MachineError) -> CPU {
    guard cpus.indices.contains(number) else {
      throw MachineError("there is no CPU \(number): the machine has \(cpus.count)")
    }
    return cpus[number]
  }

  /// The events so far, which the machine then forgets; for scripts that run for long.
  public func takeTimeline() -> [TimelineEvent] {
    defer { timeline = [] }
    return timeline
  }

  /// The task with a thread number, if it still exists.
  public func task(pid: Int32) -> SimulatedTask? {
    guard let task = tasks[pid], task.state != .dead else { return nil }
    return task
  }

  /// Runs one step of a script; when the outermost one ends, everything that it has set off is carried out.
  ///
  /// A fault of a program does not stop the machine. It is thrown when the outermost step ends.
  func operate<Result>(_ body: () throws(MachineError) -> Result) throws(MachineError) -> Result {
    operationDepth += 1
    let result: Result
    do throws(MachineError) {
      result = try body()
    } catch {
      operationDepth -= 1
      throw error
    }
    settle()
    operationDepth -= 1
    if operationDepth == 0, let fault = unreportedFault {
      unreportedFault = nil
      throw MachineError(fault: fault)
    }
    return result
  }

  func record(_ fault: ProgramFault, on cpu: CPU) {
    faults.append(fault)
    if unreportedFault == nil { unreportedFault = fault }
    record(.fault(program: fault.program, message: fault.message), on: cpu)
  }

  func record(_ kind: TimelineEvent.Kind, on cpu: CPU) {
    timeline.append(
      TimelineEvent(
        time: now, cpu: cpu.number, context: cpu.context, thread: cpu.current.name, kind: kind))
  }

  /// What `CLOCK_REALTIME` shows now, in nanoseconds since 1970.
  var realTime: UInt64 { configuration.realTimeAtStart &+ now }

  func spend(_ duration: UInt64) {
    now += duration
  }

  // MARK: Time

  /// Lets virtual time pass; what is due on the way happens at its time.
  public func advance(by duration: UInt64) throws(MachineError) {
    let (target, overflow) = now.addingReportingOverflow(duration)
    guard !overflow else { throw MachineError("virtual time ends after \(UInt64.max) nanoseconds") }
    try operate { () throws(MachineError) in
      while let (time, event) = events.popFirst(upTo: target) {
        now = max(now, time)
        handle(event)
        settle()
      }
      now = max(now, target)
    }
  }
}

/// A small generator with a seed (SplitMix64), so that what programs see as random is the same in each run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}
