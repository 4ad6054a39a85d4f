import BPFObject
import SystemPackage

extension LinuxProgram {
  /// Attaches the program to several places, to all or to none.
  ///
  /// - Parameters:
  ///   - points: where.
  ///   - cookie: what `bpf_get_attach_cookie` gives the program.
  /// - Returns: the attachment, which lasts as long as the value does.
  /// - Throws: ``BPFError``; nothing is attached then.
  public func attach(to points: [LinuxAttachPoint], cookie: UInt64 = 0) throws(BPFError) -> LinuxAttachment {
    var links: [LinuxLink] = []
    for point in points { links += try makeLinks(to: point, cookie) }
    return LinuxAttachment(links)
  }

  /// Attaches the program.
  ///
  /// - Parameters:
  ///   - point: where.
  ///   - cookie: what `bpf_get_attach_cookie` gives the program. Not all places have one.
  /// - Returns: the attachment, which lasts as long as the value does.
  /// - Throws: ``BPFError``; nothing is attached then.
  public func attach(to point: LinuxAttachPoint, cookie: UInt64 = 0) throws(BPFError) -> LinuxAttachment {
    LinuxAttachment(try makeLinks(to: point, cookie))
  }

  private func makeLinks(to point: LinuxAttachPoint, _ cookie: UInt64) throws(BPFError) -> [LinuxLink] {
    if case .userTracepoint(let file, let provider, let name, let pid) = point {
      return try linkUserTracepoint(file, provider, name, pid, cookie)
    }
    return [try link(to: point, cookie)]
  }

  private func link(to point: LinuxAttachPoint, _ cookie: UInt64) throws(BPFError) -> LinuxLink {
    switch point {
    case .perfEvent(let event, let pid, let cpu):
      try check(.perfEvent, "a perf event takes")
      guard pid != nil || cpu != nil else {
        throw .refusal(subject, "a perf event is of a thread or on a CPU, or both; neither is given")
      }
      return try link(to: try kernel.open(event, pid: pid, cpu: cpu), cookie)
    case .tracepoint(let group, let name): return try linkTracepoint(group, name, cookie)
    case .rawTracepoint(let name): return try linkRawTracepoint(name, cookie)
    case .userFunction(let file, let offset, let isReturn, let pid):
      return try linkUserFunction(file, offset, isReturn: isReturn, pid, cookie)
    case .userSymbol(let file, let symbol, let isReturn, let pid):
      let offset = try kernel.fileOffset(of: symbol, in: file)
      return try linkUserFunction(file, offset, isReturn: isReturn, pid, cookie)
    case .userSymbols(let file, let symbols, let cookies, let isReturn, let pid):
      return try linkUserFunctions(file, symbols, cookies, isReturn: isReturn, pid)
    case .userTracepoint:
      throw .refusal(subject, "a tracepoint of a program has several links")
    case .kernelFunction(let name, let offset, let isReturn):
      return try linkKernelFunction(name, offset, isReturn: isReturn, cookie)
    case .kernelFunctions(let names, let cookies, let isReturn):
      return try linkKernelFunctions(names, cookies, isReturn: isReturn)
    case .loadedTarget: return try linkLoadedTarget(cookie)
    case .iterator(let scope): return try linkIterator(scope)
    case .express(let interface, let mode):
      try check(.xdp, "an interface takes")
      let index = try kernel.index(of: interface)
      return try createLink(on: "interface \(interface)", to: Int32(bitPattern: index), .xdp, flags: mode.rawValue)
    case .trafficControl(let interface, let direction):
      try check(.trafficClassifier, "the traffic of an interface takes")
      return try linkTraffic(interface, direction)
    case .netkit(let interface):
      try check(.trafficClassifier, "a netkit device takes")
      return try linkDevice(interface)
    case .netfilter(let hook):
      try check(.netfilter, "netfilter takes")
      return try linkNetfilter(hook)
    case .controlGroup(let path): return try linkGroup(path)
    case .networkNamespace(let path):
      let file = try kernel.open(path.string, for: "network namespace \(path)")
      return try createLink(on: "network namespace \(path)", to: file.rawValue, try attachType, keeping: file)
    }
  }

  // MARK: What all kinds share

  func check(_ type: ProgramType, _ what: String) throws(BPFError) {
    guard kind.type == type else {
      throw .refusal(subject, "\(what) programs of type \(type), and this is one of type \(kind.type)")
    }
  }

  var attachType: AttachType {
    get throws(BPFError) {
      if let type = AttachType(rawValue: kind.attachType), kind.attachType != 0 || kind.type == .cgroupSKB {
        return type
      }
      throw .refusal(
        subject, "its section '\(kind.prefix)' does not say what of the place it is for",
        advice: kind.type == .cgroupSKB
          ? "write SEC(\"cgroup_skb/ingress\") or SEC(\"cgroup_skb/egress\")" : "give it a section that does")
    }
  }

  /// A link of the program to an open event (`BPF_LINK_CREATE`, Linux 5.15).
  func link(to event: Descriptor, _ cookie: UInt64) throws(BPFError) -> LinuxLink {
    var attributes = LinkCreateAttributes(
      programDescriptor: descriptor.rawValue, targetDescriptor: event.rawValue,
      attachType: AttachType.perfEvent.rawValue, cookie: cookie)
    return try createLink(&attributes, event: event)
  }

  /// A link that needs no more than its target.
  func createLink(
    on place: String, to target: Int32, _ type: AttachType, flags: UInt32 = 0, keeping file: Descriptor? = nil
  ) throws(BPFError) -> LinuxLink {
    var attributes = LinkCreateAttributes(
      programDescriptor: descriptor.rawValue, targetDescriptor: target, attachType: type.rawValue, flags: flags)
    defer { withExtendedLifetime(file) {} }
    return try createLink(&attributes, on: place)
  }

  /// Creates a link; the error tells what is usually wrong.
  func createLink(
    _ attributes: inout some BitwiseCopyable, event: Descriptor? = nil, on place: String? = nil,
    keeping buffers: [KernelBuffer] = []
  ) throws(BPFError) -> LinuxLink {
    let subject = place.map { "\(self.subject) on \($0)" } ?? self.subject
    do throws(Errno) {
      let link = try withExtendedLifetime(buffers) { () throws(Errno) in
        try kernel.systemCalls.perform(.linkCreate, &attributes)
      }
      return LinuxLink(
        Descriptor(link, kernel.systemCalls), event: event, subject: subject, kernel: kernel)
    } catch {
      var failure = BPFError(subject, .linkCreate, error)
      failure.problem = linkProblem(error)
      throw failure
    }
  }

  private func linkProblem(_ errno: Errno) -> String {
    switch (kind.type, errno) {
    case (.xdp, .resourceBusy), (.xdp, .fileExists): "another XDP program is on this interface"
    case (.xdp, _) where errno.rawValue == 95:
      "the interface's driver has no XDP of this mode"
    case (.xdp, .invalidArgument): "there is no such interface, or the program is not for packets that arrive"
    case (_, _) where errno.rawValue == 19: "the interface is gone"
    case (.lsm, .resourceBusy): "too many programs are on this hook"
    case (.netfilter, .resourceBusy), (.netfilter, .fileExists): "a program is there with the same priority"
    case (.netfilter, .invalidArgument): "this kernel has no links to netfilter, or does not take this priority"
    case (.tracing, _) where errno == BPFError.notSupported:
      "this kernel does not let programs be attached to functions (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)"
    case (.kprobe, _) where errno == BPFError.notSupported || errno.rawValue == 95:
      "this kernel has no probes of many functions at once"
    default: ""
    }
  }
}

extension LinuxKernel {
  /// The index of a network interface of this process's network namespace.
  func index(of interface: NetworkInterface) throws(BPFError) -> UInt32 {
    switch interface {
    case .index(let index): return index
    case .name(let name):
      let buffer = KernelBuffer(name)
      let result = withExtendedLifetime(buffer) {
        systemCalls.perform(.interfaceIndex, Int(truncatingIfNeeded: buffer.address))
      }
      guard result >= 0 else {
        throw BPFError(
          "interface '\(name)'", .systemCall("if_nametoindex", Errno(rawValue: Int32(truncatingIfNeeded: -result))),
          "there is no such network interface", advice: "'ip link' lists those there are")
      }
      return UInt32(truncatingIfNeeded: result)
    }
  }

  /// Opens a file or folder that stands for something of the kernel.
  func open(_ path: String, for subject: String) throws(BPFError) -> Descriptor {
    do throws(Errno) { return try systemCalls.openFile(path) } catch {
      throw BPFError(subject, .systemCall("open", error))
    }
  }
}
