/// `BPF_LINK_CREATE` for links that take a cookie at most, 24 bytes.
struct LinkCreateAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  /// A descriptor of what to attach to, or the index of an interface.
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  var cookie: UInt64 = 0
}

/// `BPF_LINK_CREATE` for functions that the program was loaded for, 32 bytes.
struct TracingLinkAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  var targetType: UInt32 = 0
  var padding: UInt32 = 0
  var cookie: UInt64 = 0
}

/// `BPF_LINK_CREATE` for iterators, 32 bytes with padding.
struct IteratorLinkAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  /// The address of a `union bpf_iter_link_info`.
  var parameters: UInt64 = 0
  var parametersSize: UInt32 = 0
  var padding: UInt32 = 0
}

/// `BPF_LINK_CREATE` for places where programs stand in a row (tcx), 32 bytes.
struct OrderedLinkAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  var neighbor: UInt32 = 0
  var padding: UInt32 = 0
  var expectedRevision: UInt64 = 0
}

/// `BPF_LINK_CREATE` for many places in one file, 64 bytes with padding.
struct UserProbesLinkAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  var path: UInt64 = 0
  var offsets: UInt64 = 0
  var referenceCounters: UInt64 = 0
  var cookies: UInt64 = 0
  var count: UInt32 = 0
  /// 1: when the functions return.
  var probeFlags: UInt32 = 0
  var process: Int32 = 0
  var padding: UInt32 = 0
}

/// `BPF_LINK_CREATE` for many functions of the kernel, 48 bytes.
struct KernelProbesLinkAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  /// 1: when the functions return.
  var probeFlags: UInt32 = 0
  var count: UInt32 = 0
  var names: UInt64 = 0
  var addresses: UInt64 = 0
  var cookies: UInt64 = 0
}

/// `BPF_LINK_CREATE` for netfilter, 32 bytes.
struct NetfilterLinkAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  /// `NFPROTO_IPV4` or `NFPROTO_IPV6`.
  var family: UInt32 = 0
  var hook: UInt32 = 0
  var priority: Int32 = 0
  /// 1: packets are put together from their fragments before.
  var netfilterFlags: UInt32 = 0
}

/// `BPF_LINK_UPDATE`, 16 bytes.
struct LinkUpdateAttributes: BitwiseCopyable {
  var linkDescriptor: Int32 = 0
  var programDescriptor: Int32 = 0
  var flags: UInt32 = 0
  var oldProgramDescriptor: Int32 = 0
}

/// `BPF_LINK_DETACH`, and `BPF_ITER_CREATE` with no flags: 8 bytes.
struct LinkAttributes: BitwiseCopyable {
  var linkDescriptor: Int32 = 0
  var flags: UInt32 = 0
}

/// `BPF_RAW_TRACEPOINT_OPEN`, 24 bytes.
struct RawTracepointAttributes: BitwiseCopyable {
  var name: UInt64 = 0
  var programDescriptor: Int32 = 0
  var padding: UInt32 = 0
  var cookie: UInt64 = 0
}

/// `struct perf_event_attr`, 136 bytes.
struct PerfEventAttributes: BitwiseCopyable {
  var type: UInt32 = 0
  var size: UInt32 = 136
  var config: UInt64 = 0
  /// A period in events or a frequency in hertz.
  var samplePeriod: UInt64 = 0
  var sampleType: UInt64 = 0
  var readFormat: UInt64 = 0
  var flags: UInt64 = 0
  var wakeupEvents: UInt32 = 0
  var breakpointType: UInt32 = 0
  /// For a uprobe the address of the path.
  var config1: UInt64 = 0
  /// For a uprobe the offset in the file.
  var config2: UInt64 = 0
  var branchSampleType: UInt64 = 0
  var sampleUserRegisters: UInt64 = 0
  var sampleUserStack: UInt32 = 0
  var clock: Int32 = 0
  var sampleInterruptRegisters: UInt64 = 0
  var auxiliaryWatermark: UInt32 = 0
  var sampleMaximumStack: UInt16 = 0
  var padding1: UInt16 = 0
  var auxiliarySampleSize: UInt32 = 0
  var padding2: UInt32 = 0
  var signalData: UInt64 = 0
  var config3: UInt64 = 0
}
