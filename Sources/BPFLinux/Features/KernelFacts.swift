import SystemPackage

/// What a process may do, as far as it matters for programs in the kernel (`CapEff` of `/proc/self/status`).
public struct ProcessRights: Hashable, Sendable {
  /// The effective capabilities, a bit each.
  public var capabilities: UInt64
  /// The user.
  public var user: UInt32

  private func has(_ bit: UInt64) -> Bool { capabilities >> bit & 1 == 1 }

  /// `CAP_SYS_ADMIN`, which holds the others here.
  public var isAdministrator: Bool { has(21) }
  /// `CAP_BPF`: maps, types, programs.
  public var mayLoad: Bool { has(39) || isAdministrator }
  /// `CAP_PERFMON` with it: programs that trace.
  public var mayTrace: Bool { mayLoad && (has(38) || isAdministrator) }
  /// `CAP_NET_ADMIN`: programs that work on packets.
  public var mayFilter: Bool { has(12) || isAdministrator }
  /// `CAP_SYSLOG`: addresses of the kernel.
  public var seesAddresses: Bool { has(34) || isAdministrator }
  /// `CAP_SYS_PTRACE`: the memory maps of others' processes.
  public var mayInspect: Bool { has(19) }
}

/// A setting of the machine, and whether it stands in the way.
public struct KernelFact: Hashable, Sendable {
  /// What it is.
  public var name: String
  /// What it is set to, in words.
  public var value: String
  /// Whether nothing is in the way; `nil` where there is nothing to say.
  public var isGood: Bool?
  /// What to do about it, empty where nothing has to be.
  public var advice: String
}

extension LinuxKernel {
  /// The rights of this process.
  public func rights() throws(BPFError) -> ProcessRights {
    let path = "/proc/self/status"
    let text: String
    do throws(Errno) { text = try systemCalls.readText(path) } catch {
      throw BPFError("the rights of this process", .systemCall("read of \(path)", error), advice: "mount proc on /proc")
    }
    var rights = ProcessRights(capabilities: 0, user: 0)
    for line in text.split(separator: "\n") {
      let fields = line.split { $0 == "\t" || $0 == " " }
      guard fields.count > 1 else { continue }
      if fields[0] == "CapEff:" { rights.capabilities = UInt64(fields[1], radix: 16) ?? 0 }
      // Real, effective, saved and that for files.
      if fields[0] == "Uid:", fields.count > 2 { rights.user = UInt32(fields[2]) ?? 0 }
    }
    return rights
  }

  /// The settings of the machine that matter, each with what to do when it stands in the way.
  public func facts() -> [KernelFact] {
    var facts: [KernelFact] = []
    func add(_ name: String, _ value: String, _ isGood: Bool? = nil, _ advice: String = "") {
      facts.append(KernelFact(name: name, value: value, isGood: isGood, advice: isGood == false ? advice : ""))
    }
    func text(_ path: String) -> String? { try? systemCalls.readText(path) }
    if let rights = try? rights() {
      let advice = "run as root, or give the program file rights (setcap cap_bpf,cap_perfmon+ep)"
      add("user", "\(rights.user)")
      add("CAP_BPF", rights.mayLoad ? "yes" : "no", rights.mayLoad, advice)
      add("CAP_PERFMON", rights.mayTrace ? "yes" : "no", rights.mayTrace, advice)
      add("CAP_NET_ADMIN", rights.mayFilter ? "yes" : "no", rights.mayFilter, "needed for XDP and tc programs only")
      add(
        "CAP_SYS_PTRACE", rights.mayInspect ? "yes" : "no", rights.mayInspect,
        "needed for symbols in processes of other users only")
    }
    let unprivileged = text("/proc/sys/kernel/unprivileged_bpf_disabled")
    add("kernel.unprivileged_bpf_disabled", unprivileged ?? "unknown")
    if let paranoia = text("/proc/sys/kernel/perf_event_paranoid").flatMap({ Int($0) }) {
      let isGood = paranoia < 2 || (try? rights().mayTrace) ?? false
      add(
        "kernel.perf_event_paranoid", "\(paranoia)", isGood,
        "set it to 1 (sysctl kernel.perf_event_paranoid=1), or run with CAP_PERFMON")
    }
    if let hiding = text("/proc/sys/kernel/kptr_restrict") {
      let isGood = hiding == "0" || ((try? rights().seesAddresses) ?? false && hiding == "1")
      add("kernel.kptr_restrict", hiding, isGood, "names of kernel addresses need 0, or 1 with CAP_SYSLOG")
    }
    switch text("/proc/sys/net/core/bpf_jit_enable") {
    case "0": add("JIT compiler", "off", false, "programs run many times slower: sysctl net.core.bpf_jit_enable=1")
    case let mode?: add("JIT compiler", mode == "2" ? "on, with its output in the log" : "on", true)
    case nil:
      let isAlways = (try? configuration())?["CONFIG_BPF_JIT_ALWAYS_ON"] == "y"
      add("JIT compiler", isAlways ? "always on" : "unknown", isAlways ? true : nil)
    }
    if let lockdown = text("/sys/kernel/security/lockdown") {
      let mode = lockdown.split(separator: "[").last?.split(separator: "]").first.map(String.init) ?? lockdown
      add(
        "lockdown", mode, mode != "confidentiality",
        "in this mode the kernel lets no program read its memory: it is set by the boot loader or with Secure Boot")
    } else {
      add("lockdown", "unknown: securityfs is not mounted on /sys/kernel/security")
    }
    addLimits(&facts)
    addFileSystems(&facts)
    return facts
  }

  private func addLimits(_ facts: inout [KernelFact]) {
    let text = (try? systemCalls.readText("/proc/self/limits")) ?? ""
    for line in text.split(separator: "\n") {
      for name in ["Max locked memory", "Max open files"] where line.hasPrefix(name) {
        let fields = line.dropFirst(name.count).split(separator: " ")
        guard let value = fields.first.map(String.init) else { continue }
        // Before Linux 5.11 maps were counted as locked memory.
        let isOld = (try? version()).map { $0 < LinuxVersion(5, 11) } ?? false
        let isSmall = name == "Max locked memory" && isOld && value != "unlimited"
        facts.append(
          KernelFact(
            name: name.lowercased(), value: value + (fields.count > 2 ? " \(fields[2])" : ""),
            isGood: name == "Max locked memory" && !isOld ? nil : !isSmall,
            advice: isSmall ? "maps count as locked memory in this kernel: ulimit -l unlimited" : ""))
      }
    }
  }

  private func addFileSystems(_ facts: inout [KernelFact]) {
    let mounts = ((try? systemCalls.readText("/proc/self/mounts")) ?? "").split(separator: "\n").map {
      $0.split(separator: " ")
    }
    let rows = [
      ("bpf", "to pin maps, programs and links: mount -t bpf bpf /sys/fs/bpf"),
      ("tracefs", "for tracepoints by name: mount -t tracefs tracefs /sys/kernel/tracing"),
      ("cgroup2", "for programs of control groups: mount -t cgroup2 none /sys/fs/cgroup"),
    ]
    for (kind, advice) in rows {
      let place = mounts.first { $0.count > 2 && $0[2] == kind }.map { String($0[1]) }
      facts.append(
        KernelFact(
          name: "\(kind) file system", value: place ?? "not mounted", isGood: place != nil,
          advice: place == nil ? advice : ""))
    }
  }
}
