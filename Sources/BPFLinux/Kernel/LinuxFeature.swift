import BPFInstructions
import BPFObject
import SystemPackage

/// Something that kernels, or the rights of a process, allow or do not: a name, the version that brought it, and a way to
/// find out.
public struct LinuxFeature: Sendable {
  /// An answer.
  public enum Answer: Hashable, Sendable {
    /// The kernel has it, and the process may use it.
    case yes
    /// It is not there, with the reason.
    case no(String)
    /// It could not be found out, with the reason.
    case unknown(String)
  }

  /// What it is called.
  public var name: String
  /// The first version of Linux that has it.
  public var minimumVersion: LinuxVersion
  /// Tries it.
  var probe: @Sendable (LinuxKernel) -> Answer

  init(_ name: String, since version: LinuxVersion, probe: @escaping @Sendable (LinuxKernel) -> Answer) {
    self.name = name
    minimumVersion = version
    self.probe = probe
  }

  /// Everything that the engine asks of a kernel.
  public static let all: [LinuxFeature] = [
    kernelTypes, mapCreation, syscallPrograms, batchOperations, taskWork, softwareEvents, userProbes, logTrueSize,
  ]

  /// The kernel gives out its own types.
  public static let kernelTypes = LinuxFeature("types of the kernel", since: LinuxVersion(5, 4)) { kernel in
    answer { () throws(BPFError) in _ = try kernel.types() }
  }

  /// The process may make maps.
  public static let mapCreation = LinuxFeature("map creation", since: LinuxVersion(3, 19)) { kernel in
    answer { () throws(BPFError) in _ = try kernel.makeMap(Self.probeMap) }
  }

  /// Programs of type `syscall`, which run when they are called.
  public static let syscallPrograms = LinuxFeature("syscall programs", since: LinuxVersion(5, 14)) { kernel in
    answer { () throws(BPFError) in
      // r0 = 0; exit
      let program = Program(
        name: "merops_probe", section: "syscall", kind: ProgramKind(type: .systemCall, isSleepable: true),
        instructions: [Instruction(opcode: 0xb7), Instruction(opcode: 0x95)])
      var object = ObjectFile()
      object.license = "GPL"
      object.programs["merops_probe"] = program
      _ = try kernel.load(object).program("merops_probe").testRun()
    }
  }

  /// Operations on many elements of a hash in one call.
  public static let batchOperations = LinuxFeature("batch operations", since: LinuxVersion(5, 6)) { kernel in
    answer { () throws(BPFError) in
      let map = try kernel.makeMap(Self.probeMap)
      _ = try map.batch(.mapLookupBatch)
    }
  }

  /// `bpf_task_work_schedule_resume` and `bpf_task_work_schedule_signal`, by either name.
  public static let taskWork = LinuxFeature("task work", since: LinuxVersion(6, 18)) { kernel in
    answer { () throws(BPFError) in
      for name in ["bpf_task_work_schedule_resume", "bpf_task_work_schedule_signal"]
      where try kernel.kernelFunction(named: name) == nil {
        throw .refusal(name, "this kernel has no such function")
      }
    }
  }

  /// Software counters of perf_event_open(2).
  public static let softwareEvents = LinuxFeature("software perf events", since: LinuxVersion(2, 6, 31)) { kernel in
    answer { () throws(BPFError) in _ = try kernel.open(.taskClock(.period(1_000_000_000)), pid: 0, cpu: nil) }
  }

  /// Probes of functions of user programs.
  public static let userProbes = LinuxFeature("user probes", since: LinuxVersion(4, 17)) { kernel in
    answer { () throws(BPFError) in _ = try kernel.userProbeType() }
  }

  /// The verifier says how long its log is.
  public static let logTrueSize = LinuxFeature("log_true_size", since: LinuxVersion(6, 4)) { kernel in
    var attributes = BTFLoadAttributes()
    let types = KernelBuffer([0])
    let log = KernelBuffer(count: 256)
    attributes.types = types.address
    attributes.size = 1
    attributes.logLevel = 1
    attributes.logBuffer = log.address
    attributes.logSize = 256
    do throws(Errno) {
      try kernel.systemCalls.perform(.btfLoad, &attributes, keeping: types, log)
      return .unknown("the kernel took one byte for types")
    } catch {
      if error == .notPermitted { return .unknown("\(error)") }
      return attributes.logTrueSize > 0 ? .yes : .no("the field is not written")
    }
  }

  private static let probeMap = MapDefinition(
    name: "merops_probe", type: .hash, keySize: 4, valueSize: 8, maxEntries: 1)

  private static func answer(_ body: () throws(BPFError) -> Void) -> Answer {
    do throws(BPFError) {
      try body()
      return .yes
    } catch {
      switch error.errno {
      case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .interrupted: return .unknown("\(error)")
      default: return .no("\(error)")
      }
    }
  }
}
