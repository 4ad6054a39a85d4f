import BPFObject

extension ProgramKind {
  /// Why a program of this kind cannot be attached at a point, `nil` when it can.
  func problem(attachingTo point: AttachPoint) -> String? {
    switch (point, type) {
    case (.perfEvent, .perfEvent), (.tracepoint, .tracepoint), (.kernelFunction, .kprobe), (.userFunction, .kprobe),
      (.rawTracepoint, .rawTracepoint), (.rawTracepoint, .rawTracepointWritable), (.rawTracepoint, .tracing):
      nil
    case (.perfEvent, _): "a perf event takes programs of type perf_event"
    case (.tracepoint, _): "a tracepoint takes programs of type tracepoint"
    case (.rawTracepoint, _): "a raw tracepoint takes programs of type raw_tracepoint and tracing"
    case (.kernelFunction, _), (.userFunction, _): "a probe takes programs of type kprobe"
    }
  }
}
