// The names that Linux and its tools have for what is a number in an object.

extension MapType: CustomStringConvertible {
  /// The constant without its prefix and in small letters, as bpftool(8) prints it: `lru_hash`.
  public var description: String {
    switch self {
    case .unspecified: "unspec"
    case .hash: "hash"
    case .array: "array"
    case .programArray: "prog_array"
    case .perfEventArray: "perf_event_array"
    case .perCPUHash: "percpu_hash"
    case .perCPUArray: "percpu_array"
    case .stackTrace: "stack_trace"
    case .cgroupArray: "cgroup_array"
    case .lruHash: "lru_hash"
    case .lruPerCPUHash: "lru_percpu_hash"
    case .longestPrefixMatchTrie: "lpm_trie"
    case .arrayOfMaps: "array_of_maps"
    case .hashOfMaps: "hash_of_maps"
    case .deviceMap: "devmap"
    case .socketMap: "sockmap"
    case .cpuMap: "cpumap"
    case .xskMap: "xskmap"
    case .socketHash: "sockhash"
    case .cgroupStorage: "cgroup_storage"
    case .reusePortSocketArray: "reuseport_sockarray"
    case .perCPUCgroupStorage: "percpu_cgroup_storage"
    case .queue: "queue"
    case .stack: "stack"
    case .socketStorage: "sk_storage"
    case .deviceMapHash: "devmap_hash"
    case .structOperations: "struct_ops"
    case .ringBuffer: "ringbuf"
    case .inodeStorage: "inode_storage"
    case .taskStorage: "task_storage"
    case .bloomFilter: "bloom_filter"
    case .userRingBuffer: "user_ringbuf"
    case .cgroupLocalStorage: "cgrp_storage"
    case .arena: "arena"
    }
  }
}

extension ProgramType: CustomStringConvertible {
  /// The constant without its prefix and in small letters, as bpftool(8) prints it: `perf_event`.
  public var description: String {
    switch self {
    case .unspecified: "unspec"
    case .socketFilter: "socket_filter"
    case .kprobe: "kprobe"
    case .trafficClassifier: "sched_cls"
    case .trafficAction: "sched_act"
    case .tracepoint: "tracepoint"
    case .xdp: "xdp"
    case .perfEvent: "perf_event"
    case .cgroupSKB: "cgroup_skb"
    case .cgroupSocket: "cgroup_sock"
    case .lightweightTunnelIn: "lwt_in"
    case .lightweightTunnelOut: "lwt_out"
    case .lightweightTunnelTransmit: "lwt_xmit"
    case .socketOperations: "sock_ops"
    case .socketSKB: "sk_skb"
    case .cgroupDevice: "cgroup_device"
    case .socketMessage: "sk_msg"
    case .rawTracepoint: "raw_tracepoint"
    case .cgroupSocketAddress: "cgroup_sock_addr"
    case .lightweightTunnelSeg6Local: "lwt_seg6local"
    case .lircMode2: "lirc_mode2"
    case .socketReusePort: "sk_reuseport"
    case .flowDissector: "flow_dissector"
    case .cgroupSystemControl: "cgroup_sysctl"
    case .rawTracepointWritable: "raw_tracepoint_writable"
    case .cgroupSocketOption: "cgroup_sockopt"
    case .tracing: "tracing"
    case .structOperations: "struct_ops"
    case .extension_: "ext"
    case .lsm: "lsm"
    case .socketLookup: "sk_lookup"
    case .systemCall: "syscall"
    case .netfilter: "netfilter"
    }
  }
}

extension MapFlags {
  /// The names of the flags that are set, such as `BPF_F_NO_PREALLOC`; the number of a bit that has none.
  public var names: [String] {
    (0..<UInt32.bitWidth).filter { rawValue & 1 << $0 != 0 }.map { bit in
      bit < Self.namesByBit.count ? "BPF_F_\(Self.namesByBit[bit])" : "0x\(String(1 << UInt32(bit), radix: 16))"
    }
  }

  private static let namesByBit = [
    "NO_PREALLOC", "NO_COMMON_LRU", "NUMA_NODE", "RDONLY", "WRONLY", "STACK_BUILD_ID", "ZERO_SEED", "RDONLY_PROG",
    "WRONLY_PROG", "CLONE", "MMAPABLE", "PRESERVE_ELEMS", "INNER_MAP", "LINK", "PATH_FD", "VTYPE_BTF_OBJ_FD",
    "TOKEN_FD", "SEGV_ON_FAULT", "NO_USER_CONV",
  ]
}
