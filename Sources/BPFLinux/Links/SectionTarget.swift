import BPFObject
public import SystemPackage

extension LinuxProgram {
  /// Attaches the program to what its section names: `tp/sched/sched_switch`, `uprobe/libc.so.6:malloc`, `fentry/…`.
  ///
  /// - Throws: ``BPFError``, also when the section names no place, with what to give.
  public func attach(cookie: UInt64 = 0) throws(BPFError) -> LinuxAttachment {
    try attach(to: try sectionTarget(), cookie: cookie)
  }

  /// The place that the section names.
  ///
  /// - Parameter pid: the process to which probes of user functions are limited.
  public func sectionTarget(pid: Int32? = nil) throws(BPFError) -> LinuxAttachPoint {
    let target = kind.target
    func missing(_ problem: String, _ advice: String) -> BPFError {
      .refusal(subject, "its section '\(kind.prefix)' \(problem)", advice: advice)
    }
    switch kind.type {
    case .tracepoint:
      let parts = target.split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw missing("does not say which tracepoint", "write SEC(\"tp/GROUP/NAME\")") }
      return .tracepoint(group: parts[0], name: parts[1])
    case .rawTracepoint, .rawTracepointWritable:
      guard !target.isEmpty else { throw missing("does not say which tracepoint", "write SEC(\"raw_tp/NAME\")") }
      return .rawTracepoint(name: target)
    case .tracing, .lsm:
      guard kind.attachType != AttachType.lsmCgroup.rawValue else {
        throw missing("names no control group", "attach it to .controlGroup(path)")
      }
      return .loadedTarget
    case .kprobe: return try probeTarget(pid)
    case .perfEvent: throw missing("names no counter", "attach it to .perfEvent(…)")
    case .xdp: throw missing("names no interface", "attach it to .express(interface, mode)")
    case .trafficClassifier where kind.prefix.hasPrefix("netkit"):
      throw missing("names no device", "attach it to .netkit(interface)")
    case .trafficClassifier, .trafficAction:
      throw missing("names no interface", "attach it to .trafficControl(interface, direction)")
    case .netfilter: throw missing("names no hook", "attach it to .netfilter(hook)")
    case .systemCall: throw missing("is for programs that are run", "call testRun()")
    case .socketLookup, .flowDissector:
      throw missing("names no network namespace", "attach it to .networkNamespace(path)")
    case .cgroupSKB, .cgroupSocket, .cgroupDevice, .cgroupSocketAddress, .cgroupSystemControl, .cgroupSocketOption,
      .socketOperations:
      throw missing("names no control group", "attach it to .controlGroup(path)")
    default: throw missing("names no place that Merops can attach to", "")
    }
  }

  /// A probe's section is `kprobe/function+offset`, `uprobe/binary:function+offset`, `uprobe.multi/binary:function`,
  /// `ksyscall/call` or `usdt/binary:provider:name`.
  private func probeTarget(_ pid: Int32?) throws(BPFError) -> LinuxAttachPoint {
    let family = String(kind.prefix.prefix { $0 != "." })
    let isReturn = family.contains("ret")
    let target = kind.target
    switch family {
    case "kprobe", "kretprobe":
      guard !target.isEmpty else {
        throw .refusal(
          subject, "its section does not say which function", advice: "write SEC(\"\(kind.prefix)/FUNCTION\")")
      }
      if kind.prefix.contains("multi") || kind.prefix.contains("session") {
        return .kernelFunctions(
          names: try kernel.kernelFunctions(like: target), cookies: [], isReturn: isReturn)
      }
      let symbol = TargetSymbol(target)
      return .kernelFunction(name: symbol.name, offset: symbol.offset, isReturn: isReturn)
    case "ksyscall", "kretsyscall":
      guard !target.isEmpty else { throw .refusal(subject, "its section does not say which system call") }
      return .kernelFunction(name: Self.systemCallPrefix + target, offset: 0, isReturn: isReturn)
    case "uprobe", "uretprobe":
      guard let colon = target.lastIndex(of: ":"), colon != target.startIndex else {
        throw .refusal(
          subject, "its section does not say which function", advice: "write SEC(\"\(kind.prefix)/BINARY:FUNCTION\")")
      }
      let file = try kernel.findBinary(String(target[..<colon]))
      let symbol = String(target[target.index(after: colon)...])
      guard kind.prefix.contains("multi") || kind.prefix.contains("session") else {
        return .userSymbol(file: file, symbol: symbol, isReturn: isReturn, pid: pid)
      }
      return .userSymbols(
        file: file, symbols: try kernel.functions(like: symbol, in: file), cookies: [], isReturn: isReturn, pid: pid)
    case "usdt":
      let parts = target.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
        throw .refusal(
          subject, "its section does not say which tracepoint", advice: "write SEC(\"usdt/BINARY:PROVIDER:NAME\")")
      }
      return .userTracepoint(file: try kernel.findBinary(parts[0]), provider: parts[1], name: parts[2], pid: pid)
    default:
      throw .refusal(subject, "sections '\(kind.prefix)' are not supported by the Linux engine so far")
    }
  }

  /// What the kernel puts before the name of a system call's function.
  private static var systemCallPrefix: String {
    #if arch(x86_64)
      "__x64_sys_"
    #elseif arch(arm64)
      "__arm64_sys_"
    #elseif arch(riscv64)
      "__riscv_sys_"
    #else
      "__sys_"
    #endif
  }
}

extension LinuxKernel {
  /// The folders that libraries and programs are looked for in, as libbpf does it.
  private static let libraryFolders = [
    "/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu", "/usr/local/lib", "/lib", "/usr/lib",
  ]
  private static let programFolders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"]

  /// The path of a program or library: a path as it is, a name with `.so` in it among the libraries, another among the
  /// programs.
  public func findBinary(_ name: String) throws(BPFError) -> FilePath {
    if name.contains("/") { return FilePath(name) }
    let folders = name.contains(".so") ? Self.libraryFolders : Self.programFolders
    for folder in folders {
      if (try? OpenFile("\(folder)/\(name)", systemCalls)) != nil { return FilePath("\(folder)/\(name)") }
    }
    throw .refusal(
      "binary '\(name)'", "it is in none of \(folders.joined(separator: ", "))", advice: "give its whole path")
  }

  /// The functions of a file whose names fit a pattern, in which `*` stands for any text.
  func functions(like pattern: String, in file: FilePath) throws(BPFError) -> [String] {
    guard pattern.contains("*") else { return [pattern] }
    let names = try ExecutableFile(file.string, systemCalls).functionNames { Self.fits($0, pattern) }
    guard !names.isEmpty else { throw .refusal("'\(file)'", "it has no function like '\(pattern)'") }
    return names.sorted()
  }

  /// Whether a name is a pattern's; each `*` stands for any text, so that the last piece has to be at the end.
  static func fits(_ name: String, _ pattern: String) -> Bool {
    let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else { return name == pattern }
    guard name.hasPrefix(first), name.hasSuffix(last), name.count >= first.count + last.count else { return false }
    var rest = name.dropFirst(first.count).dropLast(last.count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let found = rest.firstRange(of: piece) else { return false }
      rest = rest[found.upperBound...]
    }
    return true
  }
}
