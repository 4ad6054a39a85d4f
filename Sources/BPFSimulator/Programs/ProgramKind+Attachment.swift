import BPFObject

extension ProgramKind {
  /// Why a program of this kind cannot be attached at a point, `nil` when it can.
  func problem(attachingTo point: AttachPoint) -> String? {
    switch (point, type) {
    case (.perfEvent, .perfEvent), (.tracepoint, .tracepoint), (.kernelFunction, .kprobe), (.userFunction, .kprobe),
      (.rawTracepoint, .rawTracepoint), (.rawTracepoint, .rawTracepointWritable):
      nil
    case (.rawTracepoint, .tracing):
      attachType == Self.rawTracepoint ? nil : "its section does not begin with tp_btf"
    case (.kernelFunction(_, let isReturn), .tracing):
      attachType == (isReturn ? Self.functionExit : Self.functionEntry)
        ? nil : "its section does not begin with \(isReturn ? "fexit" : "fentry")"
    case (.perfEvent, _): "a perf event takes programs of type perf_event"
    case (.tracepoint, _): "a tracepoint takes programs of type tracepoint"
    case (.rawTracepoint, _): "a raw tracepoint takes programs of type raw_tracepoint and tracing"
    case (.kernelFunction, _), (.userFunction, _):
      "a probe takes programs of type kprobe, and one of the kernel those of type fentry and fexit"
    }
  }

  /// Attach types of tracing programs (`BPF_TRACE_RAW_TP`, `BPF_TRACE_FENTRY`, `BPF_TRACE_FEXIT`).
  private static let rawTracepoint: UInt32 = 23
  private static let functionEntry: UInt32 = 24
  private static let functionExit: UInt32 = 25
}
