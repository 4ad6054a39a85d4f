import BPFObject
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
}

/// A program that runs when something happens. Dropping the value detaches the program.
public struct LinuxAttachment: ~Copyable {
  private let link: Descriptor
  /// What the link is on, which has to outlive it.
  private let event: Descriptor?

  init(link: Descriptor, event: Descriptor?) {
    self.link = link
    self.event = event
  }

  deinit {
    link.close()
    event?.close()
  }

  /// Detaches the program.
  public consuming func detach() {}
}

extension LinuxProgram {
  /// Attaches the program.
  ///
  /// - Parameters:
  ///   - point: where.
  ///   - cookie: what `bpf_get_attach_cookie` gives the program.
  /// - Returns: the attachment, which lasts as long as the value does.
  /// - Throws: ``BPFError``; nothing is attached then.
  public func attach(to point: LinuxAttachPoint, cookie: UInt64 = 0) throws(BPFError) -> LinuxAttachment {
    switch point {
    case .perfEvent(let event, let pid, let cpu):
      try check(.perfEvent, "a perf event takes")
      guard pid != nil || cpu != nil else {
        throw .refusal(subject, "a perf event is of a thread or on a CPU, or both; neither is given")
      }
      return try attach(to: try kernel.open(event, pid: pid, cpu: cpu), cookie)
    case .tracepoint(let group, let name):
      try check(.tracepoint, "a tracepoint takes")
      var attributes = PerfEventAttributes(type: 2)
      attributes.config = UInt64(try identifier(ofTracepoint: name, group))
      attributes.samplePeriod = 1
      return try attach(to: try kernel.openPerfEvent(attributes, pid: -1, cpu: 0), cookie)
    case .rawTracepoint(let name):
      return try attachRaw(name, cookie)
    case .userFunction(let file, let offset, let isReturn, let pid):
      try check(.kprobe, "a probe takes")
      let path = KernelBuffer(file.string)
      var attributes = PerfEventAttributes(type: try kernel.userProbeType())
      attributes.config = isReturn ? 1 : 0
      attributes.config1 = path.address
      attributes.config2 = offset
      return try attach(
        to: try kernel.openPerfEvent(attributes, pid: pid ?? -1, cpu: pid == nil ? 0 : -1, keeping: path), cookie)
    }
  }

  private func check(_ type: ProgramType, _ what: String) throws(BPFError) {
    guard kind.type == type else {
      throw .refusal(subject, "\(what) programs of type \(type), and this is one of type \(kind.type)")
    }
  }

  /// A link of the program to an open event (`BPF_LINK_CREATE`, Linux 5.15).
  private func attach(to event: Descriptor, _ cookie: UInt64) throws(BPFError) -> LinuxAttachment {
    var attributes = LinkCreateAttributes(
      programDescriptor: descriptor.rawValue, targetDescriptor: event.rawValue,
      attachType: AttachType.perfEvent.rawValue, cookie: cookie)
    do throws(Errno) {
      let link = Descriptor(try kernel.systemCalls.perform(.linkCreate, &attributes), kernel.systemCalls)
      return LinuxAttachment(link: link, event: event)
    } catch { throw BPFError(subject, .linkCreate, error) }
  }

  private func attachRaw(_ name: String, _ cookie: UInt64) throws(BPFError) -> LinuxAttachment {
    var text: KernelBuffer?
    switch kind.type {
    case .rawTracepoint, .rawTracepointWritable: text = KernelBuffer(name)
    case .tracing:
      // The program was loaded for one and can only be attached there.
      guard kind.target == name else {
        throw .refusal(subject, "it was loaded for '\(kind.target)', not for '\(name)'")
      }
    default:
      throw .refusal(
        subject, "a raw tracepoint takes programs of type raw_tracepoint and tracing, and this is a \(kind.type)")
    }
    var attributes = RawTracepointAttributes(
      name: text?.address ?? 0, programDescriptor: descriptor.rawValue, cookie: cookie)
    do throws(Errno) {
      let link = try kernel.systemCalls.perform(.rawTracepointOpen, &attributes, keeping: text)
      return LinuxAttachment(link: Descriptor(link, kernel.systemCalls), event: nil)
    } catch {
      var failure = BPFError(subject, .rawTracepointOpen, error)
      if error == .noSuchFileOrDirectory { failure.problem = "this kernel has no raw tracepoint '\(name)'" }
      throw failure
    }
  }

  private func identifier(ofTracepoint name: String, _ group: String) throws(BPFError) -> UInt32 {
    let subject = "tracepoint \(group)/\(name)"
    guard !group.contains("/"), !name.contains("/"), !group.hasPrefix("."), !name.hasPrefix(".") else {
      throw .refusal(subject, "a name has no slash and does not begin with a dot")
    }
    return try kernel.number(
      in: "/sys/kernel/tracing/events/\(group)/\(name)/id", for: subject,
      advice: "check the name, and mount tracefs (mount -t tracefs tracefs /sys/kernel/tracing)")
  }
}
