import BPFObject
public import SystemPackage

extension LinuxProgram {
  func linkTracepoint(_ group: String, _ name: String, _ cookie: UInt64) throws(BPFError) -> LinuxLink {
    try check(.tracepoint, "a tracepoint takes")
    var attributes = PerfEventAttributes(type: 2)
    attributes.config = UInt64(try kernel.identifier(ofTracepoint: name, group))
    attributes.samplePeriod = 1
    return try link(to: try kernel.openPerfEvent(attributes, pid: -1, cpu: 0), cookie)
  }

  func linkRawTracepoint(_ name: String, _ cookie: UInt64) throws(BPFError) -> LinuxLink {
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
      return LinuxLink(Descriptor(link, kernel.systemCalls), subject: subject, kernel: kernel)
    } catch {
      var failure = BPFError(subject, .rawTracepointOpen, error)
      if error == .noSuchFileOrDirectory { failure.problem = "this kernel has no raw tracepoint '\(name)'" }
      throw failure
    }
  }

  /// A probe by the file's path and an offset in it.
  func linkUserFunction(
    _ file: FilePath, _ offset: UInt64, isReturn: Bool, _ pid: Int32?, _ cookie: UInt64, counterOffset: UInt64? = nil
  ) throws(BPFError) -> LinuxLink {
    try check(.kprobe, "a probe takes")
    let path = KernelBuffer(file.string)
    var attributes = PerfEventAttributes(type: try kernel.userProbeType())
    attributes.config = isReturn ? 1 : 0
    if let counterOffset {
      guard let counter = UInt32(exactly: counterOffset) else {
        throw .refusal(subject, "the counter of '\(file)' is at \(counterOffset), which is too far behind")
      }
      attributes.config |= UInt64(counter) << 32
    }
    attributes.config1 = path.address
    attributes.config2 = offset
    let event: Descriptor
    do throws(BPFError) {
      event = try kernel.openPerfEvent(attributes, pid: pid ?? -1, cpu: pid == nil ? 0 : -1, keeping: path)
    } catch {
      var failure = error
      failure.subject = "probe of '\(file)' at \(offset)"
      if error.errno == .noSuchFileOrDirectory { failure.advice = "there is no such file" }
      throw failure
    }
    return try link(to: event, cookie)
  }

  /// Probes of many functions with one link.
  func linkUserFunctions(
    _ file: FilePath, _ symbols: [String], _ cookies: [UInt64], isReturn: Bool, _ pid: Int32?
  ) throws(BPFError) -> LinuxLink {
    try check(.kprobe, "a probe takes")
    guard [.uprobeMulti, .uprobeSession].contains(AttachType(rawValue: kind.attachType)) else {
      throw .refusal(
        subject, "it was loaded for one function", advice: "write SEC(\"uprobe.multi\") or SEC(\"uretprobe.multi\")")
    }
    guard !symbols.isEmpty, cookies.isEmpty || cookies.count == symbols.count else {
      throw .refusal(subject, "\(symbols.count) functions and \(cookies.count) cookies do not go together")
    }
    var offsets: [UInt64] = []
    let table = try ExecutableFile(file.string, kernel.systemCalls)
    for symbol in symbols { offsets.append(try table.fileOffset(of: TargetSymbol(symbol))) }
    let (path, places, values) = (
      KernelBuffer(file.string), KernelBuffer(words64: offsets), KernelBuffer(words64: cookies)
    )
    var attributes = UserProbesLinkAttributes(
      programDescriptor: descriptor.rawValue, attachType: kind.attachType, path: path.address,
      offsets: places.address, cookies: cookies.isEmpty ? 0 : values.address,
      count: UInt32(truncatingIfNeeded: symbols.count), probeFlags: isReturn ? 1 : 0, process: pid ?? 0)
    return try createLink(&attributes, on: "\(symbols.count) functions of '\(file)'", keeping: [path, places, values])
  }

  func linkKernelFunction(
    _ name: String, _ offset: UInt64, isReturn: Bool, _ cookie: UInt64
  ) throws(BPFError) -> LinuxLink {
    try check(.kprobe, "a probe takes")
    let text = KernelBuffer(name)
    var attributes = PerfEventAttributes(
      type: try kernel.number(
        in: "/sys/bus/event_source/devices/kprobe/type", for: "probe of kernel function '\(name)'",
        advice: "this kernel is built without CONFIG_KPROBES, or sysfs is not mounted on /sys"))
    attributes.config = isReturn ? 1 : 0
    attributes.config1 = text.address
    attributes.config2 = offset
    return try link(to: try kernel.openPerfEvent(attributes, pid: -1, cpu: 0, keeping: text), cookie)
  }

  /// Probes of many functions of the kernel with one link.
  func linkKernelFunctions(
    _ names: [String], _ cookies: [UInt64], isReturn: Bool
  ) throws(BPFError) -> LinuxLink {
    try check(.kprobe, "a probe takes")
    guard [.kprobeMulti, .kprobeSession].contains(AttachType(rawValue: kind.attachType)) else {
      throw .refusal(
        subject, "it was loaded for one function", advice: "write SEC(\"kprobe.multi\") or SEC(\"kretprobe.multi\")")
    }
    guard !names.isEmpty, cookies.isEmpty || cookies.count == names.count else {
      throw .refusal(subject, "\(names.count) functions and \(cookies.count) cookies do not go together")
    }
    let texts = names.map { KernelBuffer($0) }
    let (table, values) = (KernelBuffer(words64: texts.map(\.address)), KernelBuffer(words64: cookies))
    var attributes = KernelProbesLinkAttributes(
      programDescriptor: descriptor.rawValue, attachType: kind.attachType, probeFlags: isReturn ? 1 : 0,
      count: UInt32(truncatingIfNeeded: names.count), names: table.address,
      cookies: cookies.isEmpty ? 0 : values.address)
    return try createLink(&attributes, on: "\(names.count) kernel functions", keeping: texts + [table, values])
  }

  /// What the program was loaded for; tracepoints with types are opened, functions and hooks linked.
  func linkLoadedTarget(_ cookie: UInt64) throws(BPFError) -> LinuxLink {
    switch (kind.type, AttachType(rawValue: kind.attachType)) {
    case (.tracing, .traceRawTracepoint): return try linkRawTracepoint(kind.target, cookie)
    case (.tracing, .traceIterator): return try linkIterator(.everything)
    case (.tracing, let type?), (.lsm, let type?):
      var attributes = TracingLinkAttributes(
        programDescriptor: descriptor.rawValue, attachType: type.rawValue, cookie: cookie)
      return try createLink(&attributes, on: "'\(kind.target)'")
    default:
      throw .refusal(subject, "programs of type \(kind.type) are not loaded for one place")
    }
  }

  func linkIterator(_ scope: LinuxAttachPoint.IteratorScope) throws(BPFError) -> LinuxLink {
    guard kind.type == .tracing, AttachType(rawValue: kind.attachType) == .traceIterator else {
      throw .refusal(subject, "it is no iterator", advice: "write SEC(\"iter/task\") or another kind")
    }
    // `union bpf_iter_link_info`: the map's descriptor, or numbers of task and process.
    var words: [UInt32] = []
    var map: LinuxMap?
    switch scope {
    case .everything: break
    case .map(let found):
      map = found
      words = [UInt32(bitPattern: found.descriptor.rawValue), 0, 0, 0]
    case .process(let number): words = [0, UInt32(bitPattern: number), 0, 0]
    case .thread(let number): words = [UInt32(bitPattern: number), 0, 0, 0]
    }
    let parameters = KernelBuffer(words: words)
    var attributes = IteratorLinkAttributes(
      programDescriptor: descriptor.rawValue, attachType: AttachType.traceIterator.rawValue,
      parameters: words.isEmpty ? 0 : parameters.address, parametersSize: UInt32(truncatingIfNeeded: words.count * 4))
    do throws(BPFError) {
      let link = try createLink(&attributes, on: "iterator '\(kind.target)'", keeping: [parameters])
      withExtendedLifetime(map) {}
      return link
    } catch {
      var failure = error
      if map == nil, error.errno == .badFileDescriptor || error.errno == .invalidArgument,
        kind.target.contains("map") || kind.target.contains("storage")
      {
        failure.advice = "this iterator goes through a map: attach it to .iterator(.map(map))"
      }
      throw failure
    }
  }
}

extension LinuxKernel {
  func identifier(ofTracepoint name: String, _ group: String) throws(BPFError) -> UInt32 {
    let subject = "tracepoint \(group)/\(name)"
    guard !group.contains("/"), !name.contains("/"), !group.hasPrefix("."), !name.hasPrefix(".") else {
      throw .refusal(subject, "a name has no slash and does not begin with a dot")
    }
    guard let folder = tracingFolder() else {
      throw .refusal(
        subject, "no tracefs is mounted, which knows the numbers of tracepoints",
        advice: "mount it (mount -t tracefs tracefs /sys/kernel/tracing)")
    }
    return try number(
      in: "\(folder)/events/\(group)/\(name)/id", for: subject,
      advice: "check the name: \(folder)/available_events lists those there are")
  }

  /// The functions of the kernel whose names fit a pattern, in which `*` stands for any text, of those that can be probed.
  func kernelFunctions(like pattern: String) throws(BPFError) -> [String] {
    guard pattern.contains("*") else { return [pattern] }
    let subject = "kernel functions like '\(pattern)'"
    guard let folder = tracingFolder() else {
      throw .refusal(
        subject, "no tracefs is mounted, which lists those that can be probed",
        advice: "mount it (mount -t tracefs tracefs /sys/kernel/tracing)")
    }
    let path = "\(folder)/available_filter_functions"
    let text: String
    do throws(Errno) { text = try systemCalls.readText(path) } catch {
      throw BPFError(subject, .systemCall("read of \(path)", error))
    }
    // A line is a name, and for a module's the module in brackets.
    let names = text.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    let found = Set(names.filter { Self.fits($0, pattern) })
    guard !found.isEmpty else { throw .refusal(subject, "there are none") }
    return found.sorted()
  }

  /// Where tracefs is mounted.
  private func tracingFolder() -> String? {
    let mounts = (try? systemCalls.readText("/proc/self/mounts")) ?? ""
    // A line is `tracefs /sys/kernel/tracing tracefs rw,nosuid 0 0`.
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.count > 2, fields[2] == "tracefs" { return String(fields[1]) }
    }
    return nil
  }

  /// Where in a program or library a symbol is.
  ///
  /// - Parameter symbol: a name as the linker has it, which `+` and a number of bytes may follow.
  /// - Throws: ``BPFError`` with names that look like it when there is none.
  public func fileOffset(of symbol: String, in file: FilePath) throws(BPFError) -> UInt64 {
    try ExecutableFile(file.string, systemCalls).fileOffset(of: TargetSymbol(symbol))
  }
}

extension ExecutableFile {
  func fileOffset(of wanted: TargetSymbol) throws(BPFError) -> UInt64 {
    let subject = "symbol '\(wanted.name)' of '\(path)'"
    guard let found = try symbol(named: wanted.name) else {
      let near = NearNames(to: wanted.name, among: names(like: wanted.name))
      throw .refusal(
        subject, "the file has no such symbol",
        advice: near.advice(otherwise: "a stripped program has only the symbols that it exports"))
    }
    guard found.kind == .place, let offset = offset(of: found.address) else {
      throw .refusal(
        subject, found.kind == .chosen ? "which function it is, is chosen when the program starts" : "it is no function"
      )
    }
    return offset &+ wanted.offset
  }
}
