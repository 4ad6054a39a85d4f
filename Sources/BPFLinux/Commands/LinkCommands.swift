/// `BPF_LINK_CREATE` for links that take a cookie at most, 24 bytes.
struct LinkCreateAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  var targetDescriptor: Int32 = 0
  var attachType: UInt32 = 0
  var flags: UInt32 = 0
  var cookie: UInt64 = 0
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
