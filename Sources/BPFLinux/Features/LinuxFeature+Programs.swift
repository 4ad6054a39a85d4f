import BPFInstructions
import BPFObject
import BPFTypeFormat
import SystemPackage

extension LinuxKernel {
  /// Loads a program that returns 0, of the kind that a section names.
  func load(probe section: String, _ body: [Instruction] = []) throws(BPFError) -> LinuxProgram {
    let kind: ProgramKind
    do throws(UnknownSectionError) { kind = try ProgramKind(section: section) } catch {
      throw .refusal("a probe", "\(error)")
    }
    // r0 = 0; exit
    let program = Program(
      name: "merops_probe", section: section, kind: kind,
      instructions: body + [Instruction(opcode: 0xb7), Instruction(opcode: 0x95)])
    var object = ObjectFile()
    object.license = "GPL"
    object.programs["merops_probe"] = program
    return try load(object).program("merops_probe")
  }
}

extension LinuxFeature {
  /// Types of programs, each by a section that is one.
  static let programTypes: [LinuxFeature] = [
    program("socket", LinuxVersion(3, 19)), program("kprobe", LinuxVersion(4, 1)),
    program("tc", LinuxVersion(4, 1)), program("action", LinuxVersion(4, 1)),
    program("tracepoint", LinuxVersion(4, 7)), program("xdp", LinuxVersion(4, 8)),
    program("perf_event", LinuxVersion(4, 9)), program("cgroup_skb/egress", LinuxVersion(4, 10)),
    program("cgroup/sock_create", LinuxVersion(4, 10)), program("lwt_in", LinuxVersion(4, 10)),
    program("sockops", LinuxVersion(4, 13)), program("sk_skb", LinuxVersion(4, 14)),
    program("cgroup/dev", LinuxVersion(4, 15)), program("sk_msg", LinuxVersion(4, 17)),
    program("raw_tp", LinuxVersion(4, 17)), program("cgroup/connect4", LinuxVersion(4, 17)),
    program("lwt_seg6local", LinuxVersion(4, 18), option: "CONFIG_IPV6_SEG6_BPF"),
    program("lirc_mode2", LinuxVersion(4, 18), option: "CONFIG_BPF_LIRC_MODE2"),
    program("sk_reuseport", LinuxVersion(4, 19)), program("flow_dissector", LinuxVersion(4, 20)),
    program("cgroup/sysctl", LinuxVersion(5, 2)), program("raw_tp.w", LinuxVersion(5, 2)),
    program("cgroup/setsockopt", LinuxVersion(5, 3)), program("tp_btf/sys_enter", LinuxVersion(5, 5)),
    program("fentry/bpf_fentry_test1", LinuxVersion(5, 5), option: "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"),
    program("lsm/file_open", LinuxVersion(5, 7), option: "CONFIG_BPF_LSM"),
    program("iter/task", LinuxVersion(5, 8)), program("sk_lookup", LinuxVersion(5, 9)),
    program("syscall", LinuxVersion(5, 14)),
    program("netfilter", LinuxVersion(6, 4), option: "CONFIG_NETFILTER_BPF_LINK"),
  ]

  private static func program(_ section: String, _ version: LinuxVersion, option: String? = nil) -> LinuxFeature {
    LinuxFeature(section, .programTypes, since: version, option: option) { kernel in
      answer { () throws(BPFError) in _ = try kernel.load(probe: section) }
    }
  }

  // MARK: Maps

  /// Types of maps.
  static let mapTypes: [LinuxFeature] = [
    map(.hash, 4, 8, 1, LinuxVersion(3, 19)), map(.array, 4, 8, 1, LinuxVersion(3, 19)),
    map(.programArray, 4, 4, 1, LinuxVersion(4, 2)), map(.perfEventArray, 4, 4, 1, LinuxVersion(4, 3)),
    map(.perCPUHash, 4, 8, 1, LinuxVersion(4, 6)), map(.perCPUArray, 4, 8, 1, LinuxVersion(4, 6)),
    map(.stackTrace, 4, 8, 1, LinuxVersion(4, 6)), map(.cgroupArray, 4, 4, 1, LinuxVersion(4, 8)),
    map(.lruHash, 4, 8, 1, LinuxVersion(4, 10)), map(.lruPerCPUHash, 4, 8, 1, LinuxVersion(4, 10)),
    map(.longestPrefixMatchTrie, 8, 8, 1, LinuxVersion(4, 11), .noPreallocation),
    map(.arrayOfMaps, 4, 4, 1, LinuxVersion(4, 12)), map(.hashOfMaps, 4, 4, 1, LinuxVersion(4, 12)),
    map(.deviceMap, 4, 4, 1, LinuxVersion(4, 14)), map(.socketMap, 4, 4, 1, LinuxVersion(4, 14)),
    map(.cpuMap, 4, 4, 1, LinuxVersion(4, 15)),
    map(.xskMap, 4, 4, 1, LinuxVersion(4, 18), option: "CONFIG_XDP_SOCKETS"),
    map(.socketHash, 4, 4, 1, LinuxVersion(4, 18)), map(.cgroupStorage, 16, 8, 0, LinuxVersion(4, 19)),
    map(.reusePortSocketArray, 4, 8, 1, LinuxVersion(4, 19)),
    map(.perCPUCgroupStorage, 16, 8, 0, LinuxVersion(4, 20)), map(.queue, 0, 8, 1, LinuxVersion(4, 20)),
    map(.stack, 0, 8, 1, LinuxVersion(4, 20)), map(.socketStorage, 4, 8, 0, LinuxVersion(5, 2), .noPreallocation),
    map(.deviceMapHash, 4, 4, 1, LinuxVersion(5, 4)), map(.ringBuffer, 0, 0, 4096, LinuxVersion(5, 8)),
    map(.inodeStorage, 4, 8, 0, LinuxVersion(5, 10), .noPreallocation),
    map(.taskStorage, 4, 8, 0, LinuxVersion(5, 11), .noPreallocation),
    map(.bloomFilter, 0, 8, 1, LinuxVersion(5, 16)), map(.userRingBuffer, 0, 0, 4096, LinuxVersion(6, 1)),
    map(.cgroupLocalStorage, 4, 8, 0, LinuxVersion(6, 2), .noPreallocation),
    map(.arena, 0, 0, 1, LinuxVersion(6, 9), .memoryMappable),
  ]

  private static func map(
    _ type: MapType, _ keySize: UInt32, _ valueSize: UInt32, _ entries: UInt32, _ version: LinuxVersion,
    _ flags: MapFlags = [], option: String? = nil
  ) -> LinuxFeature {
    LinuxFeature("\(type)", .mapTypes, since: version, option: option) { kernel in
      answer { () throws(BPFError) in
        var map = MapDefinition(
          name: "merops_probe", type: type, keySize: keySize, valueSize: valueSize, maxEntries: entries)
        map.flags = flags
        switch type {
        case .arrayOfMaps, .hashOfMaps: map.innerMap = Indirect(probeMap)
        case .socketStorage, .inodeStorage, .taskStorage, .cgroupLocalStorage:
          // These want types: a key of four bytes that is signed.
          do throws(BTFError) {
            var types = BTFBuilder()
            map.keyType = types.add(
              BTFType(name: "int", kind: .integer(.init(byteCount: 4, bitCount: 32, isSigned: true))))
            map.valueType = types.add(
              BTFType(name: "long", kind: .integer(.init(byteCount: 8, bitCount: 64, isSigned: true))))
            map.types = try BTF(parsing: types.encode())
          } catch { throw .refusal("types", "\(error)") }
        default: break
        }
        _ = try kernel.makeMap(map)
      }
    }
  }

  // MARK: Functions

  /// Helper functions that came late enough to be missing somewhere, each by a program that calls it.
  static let helpers: [LinuxFeature] = [
    helper("bpf_get_current_task_btf", 158, LinuxVersion(5, 11)),
    helper("bpf_ringbuf_reserve", 131, LinuxVersion(5, 8)),
    helper("bpf_copy_from_user", 148, LinuxVersion(5, 10)), helper("bpf_for_each_map_elem", 164, LinuxVersion(5, 13)),
    helper("bpf_snprintf", 165, LinuxVersion(5, 13)), helper("bpf_timer_init", 169, LinuxVersion(5, 15)),
    helper("bpf_task_pt_regs", 175, LinuxVersion(5, 15)), helper("bpf_find_vma", 180, LinuxVersion(5, 17)),
    helper("bpf_loop", 181, LinuxVersion(5, 17)), helper("bpf_strncmp", 182, LinuxVersion(5, 17)),
    helper("bpf_copy_from_user_task", 191, LinuxVersion(5, 18)), helper("bpf_kptr_xchg", 194, LinuxVersion(5, 19)),
    helper("bpf_dynptr_from_mem", 197, LinuxVersion(5, 19)), helper("bpf_ktime_get_tai_ns", 208, LinuxVersion(6, 1)),
    helper("bpf_user_ringbuf_drain", 209, LinuxVersion(6, 1)),
  ]

  private static func helper(_ name: String, _ number: Int32, _ version: LinuxVersion) -> LinuxFeature {
    LinuxFeature(name, .helpers, since: version) { kernel in
      do throws(BPFError) {
        _ = try kernel.load(probe: "syscall", [Instruction(opcode: 0x85, immediate: number)])
        return .yes
      } catch {
        // The call has no arguments: where the helper is known, that is what the verifier complains of.
        for phrase in ["invalid func", "unknown func", "program of this type cannot use helper"]
        where error.verifierLog.contains(phrase) {
          return .no("the verifier says '\(phrase)'")
        }
        return error.verifierLog.isEmpty ? .no(error.headline) : .yes
      }
    }
  }

  /// A kernel function that programs may call, by its name or by the other one that it has in other versions.
  ///
  /// Its version is one that has it; older ones may, but for those of task work.
  public static func kernelFunction(_ name: String) -> LinuxFeature {
    LinuxFeature(name, .kernelFunctions, since: LinuxVersion(6, 18), option: option(ofFunction: name)) { kernel in
      answer { () throws(BPFError) in
        if try kernel.kernelFunction(named: name) == nil {
          throw .refusal(name, "it is not among the kernel's types")
        }
      }
    }
  }

  /// What a kernel has to be built with to have a function.
  private static func option(ofFunction name: String) -> String? {
    let families = [
      ("bpf_get_fsverity_digest", "CONFIG_FS_VERITY"), ("bpf_skb_get_fou", "CONFIG_NET_FOU"),
      ("bpf_skb_set_fou", "CONFIG_NET_FOU"), ("bpf_skb_get_xfrm", "CONFIG_XFRM_INTERFACE"),
      ("bpf_skb_set_xfrm", "CONFIG_XFRM_INTERFACE"), ("bpf_xdp_flow_lookup", "CONFIG_NF_FLOW_TABLE"),
      ("bpf_ct_", "CONFIG_NF_CONNTRACK"), ("bpf_skb_ct_", "CONFIG_NF_CONNTRACK"),
      ("bpf_xdp_ct_", "CONFIG_NF_CONNTRACK"), ("crash_kexec", "CONFIG_CRASH_DUMP"),
    ]
    return families.first { name.hasPrefix($0.0) }?.1
  }
}
