import BPFInstructions
import BPFObject
import BPFTypeFormat
import SystemPackage

extension LinuxFeature {
  static let basics: [LinuxFeature] = [
    kernelTypes, mapCreation, syscallPrograms, batchOperations, taskWork, logTrueSize, globalData, tokens,
  ]

  /// The kernel gives out its own types.
  public static let kernelTypes = LinuxFeature(
    "types of the kernel", .basics, since: LinuxVersion(5, 4), option: "CONFIG_DEBUG_INFO_BTF"
  ) { kernel in
    answer { () throws(BPFError) in _ = try kernel.types() }
  }

  /// The process may make maps.
  public static let mapCreation = LinuxFeature("map creation", .basics, since: LinuxVersion(3, 19)) { kernel in
    answer { () throws(BPFError) in _ = try kernel.makeMap(Self.probeMap) }
  }

  /// Programs of type `syscall`, which run when they are called.
  public static let syscallPrograms = LinuxFeature("programs that run", .basics, since: LinuxVersion(5, 14)) { kernel in
    answer { () throws(BPFError) in
      _ = try kernel.load(probe: "syscall").testRun()
    }
  }

  /// Operations on many elements of a hash in one call.
  public static let batchOperations = LinuxFeature("batch operations", .basics, since: LinuxVersion(5, 6)) { kernel in
    answer { () throws(BPFError) in
      let map = try kernel.makeMap(Self.probeMap)
      guard try map.batch(.mapLookupBatch) != nil else { throw .refusal("a hash", "it has no batches") }
    }
  }

  /// `bpf_task_work_schedule_resume` and `bpf_task_work_schedule_signal`, by either name.
  public static let taskWork = LinuxFeature("task work", .basics, since: LinuxVersion(6, 18)) { kernel in
    answer { () throws(BPFError) in
      for name in ["bpf_task_work_schedule_resume", "bpf_task_work_schedule_signal"]
      where try kernel.kernelFunction(named: name) == nil {
        throw .refusal(name, "this kernel has no such function")
      }
    }
  }

  /// The verifier says how long its log is.
  public static let logTrueSize = LinuxFeature("log_true_size", .basics, since: LinuxVersion(6, 4)) { kernel in
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

  /// Maps that hold variables, and can be frozen.
  static let globalData = LinuxFeature("global variables", .basics, since: LinuxVersion(5, 2)) { kernel in
    answer { () throws(BPFError) in
      var map = MapDefinition(name: "merops_probe", type: .array, keySize: 4, valueSize: 8, maxEntries: 1)
      map.flags = .readOnlyForPrograms
      try kernel.makeMap(map).freeze()
    }
  }

  /// Rights that a bpf file system hands on (`BPF_TOKEN_CREATE`).
  static let tokens = LinuxFeature("tokens", .basics, since: LinuxVersion(6, 9)) { kernel in
    // A descriptor that is none: where there are tokens it is looked at.
    knows(kernel, .tokenCreate, TokenCreateAttributes(fileSystemDescriptor: -1), [.badFileDescriptor])
  }

  /// Whether a command that cannot succeed fails as it does where the kernel knows it.
  static func knows(
    _ kernel: LinuxKernel, _ command: BPFCommandNumber, _ attributes: some BitwiseCopyable, _ expected: Set<Errno>
  ) -> Answer {
    var attributes = attributes
    do throws(Errno) {
      let result = try kernel.systemCalls.perform(command, &attributes)
      Descriptor(result, kernel.systemCalls).close()
      return .yes
    } catch {
      return expected.contains(error) ? .yes : .no(BPFError("a probe", command, error).headline)
    }
  }

  static let probeMap = MapDefinition(name: "merops_probe", type: .hash, keySize: 4, valueSize: 8, maxEntries: 1)

  // MARK: Types

  /// The kinds of types that came after the first version of BTF, which had those of C.
  static let typeKinds: [LinuxFeature] = [
    kind("functions", LinuxVersion(5, 0)) { function(&$0, .static) },
    kind("data sections", LinuxVersion(5, 2)) { types in
      let variable = types.add(.init(name: "v", kind: .variable(type: integer(&types), linkage: .global)))
      _ = types.add(
        .init(
          name: ".data",
          kind: .dataSection(.init(byteCount: 4, variables: [.init(type: variable, offset: 0, byteCount: 4)]))))
    },
    kind("functions that are global", LinuxVersion(5, 6)) { function(&$0, .global) },
    kind("floating point", LinuxVersion(5, 13)) { types in
      _ = types.add(.init(name: "float", kind: .float(byteCount: 4)))
    },
    kind("declaration tags", LinuxVersion(5, 16)) { types in
      let variable = types.add(.init(name: "v", kind: .variable(type: integer(&types), linkage: .static)))
      _ = types.add(.init(name: "tag", kind: .declarationTag(target: variable, component: -1)))
    },
    kind("type tags", LinuxVersion(5, 17)) { types in
      let tag = types.add(.init(name: "tag", kind: .typeTag(integer(&types))))
      _ = types.add(.init(name: "", kind: .pointer(tag)))
    },
    kind("enumerations of 64 bits", LinuxVersion(6, 0)) { types in
      _ = types.add(
        .init(
          name: "e",
          kind: .enumeration(
            .init(byteCount: 8, isSigned: false, is64Bit: true, values: [.init(name: "A", value: 1 << 40)]))))
    },
  ]

  private static func kind(
    _ name: String, _ version: LinuxVersion, _ add: @escaping @Sendable (inout BTFBuilder) -> Void
  ) -> LinuxFeature {
    LinuxFeature(name, .typeKinds, since: version) { kernel in
      answer { () throws(BPFError) in
        var types = BTFBuilder()
        add(&types)
        let bytes: [UInt8]
        do throws(BTFError) { bytes = try types.encode() } catch { throw .refusal("types", "\(error)") }
        _ = try kernel.load(bytes, for: "types")
      }
    }
  }

  private static func integer(_ types: inout BTFBuilder) -> BTFTypeID {
    types.add(.init(name: "int", kind: .integer(.init(byteCount: 4, bitCount: 32, isSigned: true))))
  }

  private static func function(_ types: inout BTFBuilder, _ linkage: BTFType.Linkage) {
    let prototype = types.add(.init(name: "", kind: .functionPrototype(.init(result: integer(&types), parameters: []))))
    _ = types.add(.init(name: "f", kind: .function(prototype: prototype, linkage: linkage)))
  }
}
