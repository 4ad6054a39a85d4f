import BPFObject
import BPFTypeFormat
import SystemPackage

extension LinuxFeature {
  /// Where programs can be attached, and how. Nothing is attached to anything that others use: what cannot be tried on
  /// the calling thread is asked for with a target that does not exist.
  static let attachments: [LinuxFeature] = [
    LinuxFeature("tracepoints", .attachments, since: LinuxVersion(4, 7)) { kernel in
      answer { () throws(BPFError) in
        try kernel.load(probe: "tp").attach(to: .tracepoint(group: "sched", name: "sched_switch")).detach()
      }
    },
    LinuxFeature("raw tracepoints", .attachments, since: LinuxVersion(4, 17)) { kernel in
      answer { () throws(BPFError) in try kernel.load(probe: "raw_tp/sched_process_exit").attach().detach() }
    },
    LinuxFeature("typed tracepoints", .attachments, since: LinuxVersion(5, 5)) { kernel in
      answer { () throws(BPFError) in try kernel.load(probe: "tp_btf/sched_process_exit").attach().detach() }
    },
    userProbes,
    LinuxFeature("kernel probes", .attachments, since: LinuxVersion(4, 17), option: "CONFIG_KPROBES") { kernel in
      answer { () throws(BPFError) in
        _ = try kernel.number(in: "/sys/bus/event_source/devices/kprobe/type", for: "kernel probes", advice: "")
      }
    },
    LinuxFeature("iterators", .attachments, since: LinuxVersion(5, 8)) { kernel in
      answer { () throws(BPFError) in try kernel.load(probe: "iter/task").attach().detach() }
    },
    LinuxFeature("links to interfaces (XDP)", .attachments, since: LinuxVersion(5, 9)) { kernel in
      // An interface that is not there is refused with the same number as the kind of link.
      answer { () throws(BPFError) in
        guard try kernel.types().first(named: "bpf_xdp_link", kind: .structure) != nil else {
          throw .refusal("links to interfaces", "the kernel's types have none")
        }
      }
    },
    LinuxFeature("links to counters, with cookies", .attachments, since: LinuxVersion(5, 15)) { kernel in
      answer { () throws(BPFError) in
        let event = PerfEvent.taskClock(.period(1_000_000_000))
        try kernel.load(probe: "perf_event").attach(to: .perfEvent(event, pid: 0, cpu: nil), cookie: 1).detach()
      }
    },
    LinuxFeature("links to control groups", .attachments, since: LinuxVersion(5, 7)) { kernel in
      refused("cgroup_skb/egress", .controlGroup("/"), as: [9], kernel)
    },
    LinuxFeature("links to traffic (tcx)", .attachments, since: LinuxVersion(6, 6)) { kernel in
      refused("tcx/ingress", .trafficControl(.index(0x7fff_ffff), .ingress), as: [19], kernel)
    },
    LinuxFeature("probes of many user functions", .attachments, since: LinuxVersion(6, 6)) { kernel in
      // A folder has no functions: the kernel says so once it knows the kind of link.
      answer { () throws(BPFError) in
        let program = try kernel.load(probe: "uprobe.multi")
        let (path, places) = (KernelBuffer("/"), KernelBuffer(words64: [1]))
        var attributes = UserProbesLinkAttributes(
          programDescriptor: program.descriptor.rawValue, attachType: program.kind.attachType, path: path.address,
          offsets: places.address, count: 1)
        do throws(BPFError) { _ = try program.createLink(&attributes, keeping: [path, places]) } catch {
          guard error.errno == .badFileDescriptor else { throw error }
        }
      }
    },
    LinuxFeature("probes of many kernel functions", .attachments, since: LinuxVersion(5, 18), option: "CONFIG_FPROBE") {
      kernel in
      answer { () throws(BPFError) in
        let program = try kernel.load(probe: "kprobe.multi")
        let name = KernelBuffer("merops_no_such_function")
        let names = KernelBuffer(words64: [name.address])
        var attributes = KernelProbesLinkAttributes(
          programDescriptor: program.descriptor.rawValue, attachType: program.kind.attachType, count: 1,
          names: names.address)
        do throws(BPFError) { _ = try program.createLink(&attributes, keeping: [name, names]) } catch {
          guard error.errno == .noSuchProcess || error.errno == .noSuchFileOrDirectory else { throw error }
        }
      }
    },
  ]

  /// Probes of functions of user programs.
  public static let userProbes = LinuxFeature(
    "user probes", .attachments, since: LinuxVersion(4, 17), option: "CONFIG_UPROBE_EVENTS"
  ) { kernel in
    answer { () throws(BPFError) in _ = try kernel.userProbeType() }
  }

  /// Whether attaching where nothing is fails as it does when only the place is wrong.
  private static func refused(
    _ section: String, _ point: LinuxAttachPoint, as expected: Set<Int32>, _ kernel: LinuxKernel
  ) -> Answer {
    answer { () throws(BPFError) in
      do throws(BPFError) { try kernel.load(probe: section).attach(to: point).detach() } catch {
        guard error.command == "BPF_LINK_CREATE", let errno = error.errno, expected.contains(errno.rawValue) else {
          throw error
        }
      }
    }
  }

  // MARK: Counters

  /// Counters of perf_event_open(2), of the calling thread.
  static let counters: [LinuxFeature] = [
    softwareEvents, counter("cpu-clock", .cpuClock(.period(1_000_000_000))),
    counter("page-faults", .pageFaults(.period(1_000_000_000))),
    counter("context-switches", .contextSwitches(.period(1_000_000_000))),
    counter("cycles", .cycles(.period(1_000_000_000))),
  ]

  /// Software counters of perf_event_open(2).
  public static let softwareEvents = counter("task-clock", .taskClock(.period(1_000_000_000)))

  private static func counter(_ name: String, _ event: PerfEvent) -> LinuxFeature {
    LinuxFeature(name, .counters, since: LinuxVersion(2, 6, 31), option: "CONFIG_PERF_EVENTS") { kernel in
      answer { () throws(BPFError) in _ = try kernel.open(event, pid: 0, cpu: nil) }
    }
  }
}
