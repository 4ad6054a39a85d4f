public import BPFLinux
public import BPFObject

/// The usual way to see programs run in the real kernel: an object, a target that something happens to, and what the maps
/// hold afterwards.
///
///     var session = LinuxSession()
///     session.target = .command(["./workload"])
///     session.symbols = [.init(variable: "user_ptr", symbol: "greeting")]
///     let run = try await session.run(["oncpu_hash_map"], of: object)
///
/// Programs are attached to what their sections say: `perf_event` programs to a counter of the target, probes of user
/// functions to the target's process, tracepoints to those of the whole machine. `syscall` programs are run once.
public struct LinuxSession: Sendable {
  /// What is looked at.
  public enum Target: Hashable, Sendable {
    /// A program, which is started with its arguments once everything is attached.
    case command([String])
    /// A process that runs, with all its threads.
    case process(Int32)
    /// A thread that runs.
    case thread(Int32)
    /// Whatever happens, on all CPUs.
    case machine
  }

  /// A variable of the object that gets the address of a symbol in the target.
  public struct Symbol: Hashable, Sendable {
    /// The variable.
    public var variable: String
    /// The symbol, as `LinuxKernel.address(of:in:)` takes it.
    public var symbol: String

    /// A symbol for a variable.
    public init(variable: String, symbol: String) {
      self.variable = variable
      self.symbol = symbol
    }
  }

  /// The kernel.
  public var kernel = LinuxKernel()
  /// What is looked at.
  public var target = Target.machine
  /// Whether counters count on all CPUs, whatever runs there.
  public var countsAllCPUs = false
  /// The only CPU on which counters count.
  public var cpu: Int32?
  /// What counters count.
  public var event = PerfEvent.cpuClock(.frequency(99))
  /// The addresses that variables are set to.
  public var symbols: [Symbol] = []
  /// The interface for programs that work on packets.
  public var interface: NetworkInterface?
  /// The control group for programs that are attached to one.
  public var controlGroup: String?
  /// The context of `syscall` programs.
  public var context: [UInt8] = []
  /// After which time the session ends by itself; `nil` for when the target ends.
  public var duration: Duration?

  /// A session that looks at the whole machine.
  public init() {}

  /// Loads and attaches programs, lets the target go, waits, and reads the maps.
  ///
  /// It ends with the target, at once when nothing is attached, after ``duration``, or when the task is cancelled, which is no error: what there is by then
  /// is the result. A command that still runs then is told to end. Everything is detached when this returns.
  ///
  /// - Parameters:
  ///   - names: the programs.
  ///   - object: the object, edited as wanted.
  /// - Throws: ``LinuxSessionError``; nothing is left attached then, and a command that was started is gone.
  public func run(_ names: [String], of object: ObjectFile) async throws(LinuxSessionError) -> LinuxRun {
    for name in names where object.programs[name] == nil {
      throw .unknownProgram(name, available: Array(object.programs.keys))
    }
    let stage = try LinuxStage(self)
    let object = try stage.fitted(object)
    let loaded: LinuxObject
    do throws(BPFError) {
      // A program array may hold other programs, which have to be there when it is filled.
      let tails = object.maps.values.filter { $0.type == .programArray }.flatMap(\.initialSlots.values)
      loaded = try kernel.load(object, programs: Set(names + tails))
    } catch { throw .load(error) }
    var programs: [LinuxRun.ProgramOutcome] = []
    var attachments = LinuxAttachment()
    for name in names {
      guard let program = loaded.programs[name] else { continue }
      programs.append(try stage.attach(program, adding: &attachments))
    }
    try stage.release()
    // Programs that are only run, or read, have done all there is.
    let hasEvents = attachments.linkCount > 0 || stage.process != nil || duration != nil
    let end = hasEvents ? await stage.waitForEnd() : nil
    for index in programs.indices {
      if let program = loaded.programs[programs[index].name] { stage.finish(program, &programs[index]) }
    }
    attachments.detach()
    return LinuxRun(object: loaded, programs: programs, process: stage.process, end: end)
  }
}
