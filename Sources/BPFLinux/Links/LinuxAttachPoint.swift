public import SystemPackage

/// Where a program of the running kernel is attached.
public enum LinuxAttachPoint: Sendable {
  /// Overflows of a counter: of one thread or all, on one CPU or all. One of the two has to be given.
  case perfEvent(PerfEvent, pid: Int32?, cpu: Int32?)
  /// A tracepoint by its group and name, such as `sched` and `sched_switch`.
  case tracepoint(group: String, name: String)
  /// A raw tracepoint, also with typed arguments (`tp_btf`, whose section says which).
  case rawTracepoint(name: String)
  /// An instruction of a program or library, by its offset in the file; for a return, the first of a function. Of one
  /// process, or of all that use the file.
  case userFunction(file: FilePath, offset: UInt64, isReturn: Bool, pid: Int32?)
  /// A function of a program or library by its name, which `+` and a number of bytes may follow.
  case userSymbol(file: FilePath, symbol: String, isReturn: Bool, pid: Int32?)
  /// Many functions of one file with one link (`uprobe.multi`, Linux 6.6), each with a cookie of its own where some are
  /// given.
  case userSymbols(file: FilePath, symbols: [String], cookies: [UInt64], isReturn: Bool, pid: Int32?)
  /// All places of a name that the author of a program or library has marked (USDT); the program finds the values that are
  /// told there with `<bpf/usdt.bpf.h>`.
  case userTracepoint(file: FilePath, provider: String, name: String, pid: Int32?)
  /// An instruction of the kernel: a function and the distance from its beginning; for a return, the function.
  case kernelFunction(name: String, offset: UInt64, isReturn: Bool)
  /// Many functions of the kernel with one link (`kprobe.multi`, Linux 5.18), each with a cookie of its own where some are
  /// given.
  case kernelFunctions(names: [String], cookies: [UInt64], isReturn: Bool)
  /// What the program was loaded for: the function or hook that its section names (`fentry`, `fexit`, `fmod_ret`,
  /// `lsm`).
  case loadedTarget
  /// The things that an iterator goes through (`iter/…`), whenever its text is read.
  case iterator(IteratorScope)
  /// Packets that arrive at a network interface (`xdp`).
  case express(NetworkInterface, ExpressMode)
  /// Packets that come in or go out through a network interface (`tcx/ingress`, `tcx/egress`).
  case trafficControl(NetworkInterface, TrafficDirection)
  /// Packets that a netkit device hands on (`netkit/primary`, `netkit/peer`, Linux 6.7).
  case netkit(NetworkInterface)
  /// Packets on their way through netfilter (`netfilter`, Linux 6.4).
  case netfilter(NetfilterHook)
  /// What processes of a control group do: a folder in a cgroup2 file system.
  case controlGroup(FilePath)
  /// Connections and packets of a network namespace: a file such as `/proc/self/ns/net` (`sk_lookup`,
  /// `flow_dissector`).
  case networkNamespace(FilePath)

  /// What an iterator goes through.
  public enum IteratorScope: Sendable {
    /// All things of its kind.
    case everything
    /// The elements of a map (`iter/bpf_map_elem`).
    case map(LinuxMap)
    /// The tasks of one process.
    case process(Int32)
    /// One task.
    case thread(Int32)
  }

  /// How packets get to an XDP program.
  public enum ExpressMode: UInt32, Hashable, Sendable {
    /// As the driver allows it best.
    case any = 0
    /// From the kernel's own code, for every driver (`XDP_FLAGS_SKB_MODE`).
    case generic = 2
    /// From the driver (`XDP_FLAGS_DRV_MODE`).
    case driver = 4
    /// In the hardware (`XDP_FLAGS_HW_MODE`).
    case hardware = 8
  }

  /// Which packets.
  public enum TrafficDirection: Hashable, Sendable {
    /// Those that come in.
    case ingress
    /// Those that go out.
    case egress
  }
}

/// A place in netfilter of the process's network namespace.
public struct NetfilterHook: Hashable, Sendable {
  /// The protocol of the packets.
  public enum Family: UInt32, Hashable, Sendable {
    /// `NFPROTO_IPV4`.
    case ipv4 = 2
    /// `NFPROTO_IPV6`.
    case ipv6 = 10
  }

  /// Where on the way of a packet (`enum nf_inet_hooks`).
  public enum Place: UInt32, Hashable, Sendable {
    /// Before it is decided where it goes.
    case preRouting = 0
    /// On its way into this machine.
    case localIn = 1
    /// On its way through.
    case forward = 2
    /// From this machine.
    case localOut = 3
    /// Before it leaves.
    case postRouting = 4
  }

  /// The protocol of the packets.
  public var family: Family
  /// Where on their way.
  public var place: Place
  /// The order among all that are there, the lowest first; the lowest and the highest numbers of all are not taken.
  public var priority: Int32
  /// Whether fragments are put together before.
  public var defragments: Bool

  /// A place.
  public init(_ family: Family, _ place: Place, priority: Int32, defragments: Bool = false) {
    self.family = family
    self.place = place
    self.priority = priority
    self.defragments = defragments
  }
}

/// A network interface of the process's network namespace, by name or by index.
public enum NetworkInterface: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// The name, such as `eth0`.
  case name(String)
  /// The index.
  case index(UInt32)

  /// An interface of a name.
  public init(stringLiteral name: String) { self = .name(name) }

  /// The name, or the index with `#`.
  public var description: String {
    switch self {
    case .name(let name): name
    case .index(let index): "#\(index)"
    }
  }
}
