import BPFTypeFormat
import SystemPackage

extension LinuxKernel {
  /// A pair of names of one kernel function.
  ///
  /// Functions with an argument that only the loader fills in were called `…_impl` in Linux 6.18 and 6.19, where programs
  /// passed a fifth argument of null. From 7.0 on the plain name is called with four; the other name is still among
  /// the types there, but has no address. So the plain name is looked for first.
  private static let functionsWithImplicitArguments: Set<String> = [
    "bpf_task_work_schedule_resume", "bpf_task_work_schedule_signal", "bpf_wq_set_callback",
  ]

  /// The names by which a function can go, in the order in which they are looked for.
  private func names(ofFunction name: String) -> [String] {
    let name = essentialName(name)
    let plain = name.hasSuffix("_impl") ? String(name.dropLast(5)) : name
    return Self.functionsWithImplicitArguments.contains(plain) ? [plain, plain + "_impl"] : [name]
  }

  /// The type of a kernel function, by its name or by the other name that it has in other versions; `nil` when this
  /// kernel does not have it.
  func kernelFunction(named name: String) throws(BPFError) -> BTFTypeID? {
    try findKernelFunctions([name])
    let known = knownFunctions
    for name in names(ofFunction: name) {
      if let found = known[name], let type = found { return type }
    }
    return nil
  }

  /// Looks for kernel functions, all in one pass over the kernel's types; those that have been looked for are known.
  func findKernelFunctions(_ names: some Sequence<String>) throws(BPFError) {
    var known = knownFunctions
    let unknown = Set(names.flatMap(names(ofFunction:))).filter { known[$0] == nil }
    guard !unknown.isEmpty else { return }
    let found = try types().first(named: unknown, kind: .function)
    for name in unknown { known[name] = .some(found[name]) }
    knownFunctions = known
  }

  /// The type of a kernel variable, `nil` when it has none.
  func kernelVariable(named name: String) throws(BPFError) -> BTFTypeID? {
    try types().first(named: essentialName(name), kind: .variable)
  }

  /// The address of a symbol of the kernel, from `/proc/kallsyms`; `nil` when there is no such symbol.
  ///
  /// - Throws: ``BPFError`` when the kernel hides addresses.
  func kernelAddress(of name: String) throws(BPFError) -> UInt64? {
    let subject = "the address of '\(name)'"
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try systemCalls.readFile("/proc/kallsyms")
    } catch { throw BPFError(subject, .systemCall("read of /proc/kallsyms", error)) }
    // Lines are `ffffffff81000000 T _text`, with the module in brackets after it.
    for line in bytes.split(separator: 10) {
      let fields = line.split(maxSplits: 3) { $0 == 32 || $0 == 9 }
      guard fields.count >= 3, fields[2].elementsEqual(name.utf8) else { continue }
      guard let address = UInt64(String(decoding: fields[0], as: UTF8.self), radix: 16) else { continue }
      guard address != 0 else {
        throw .refusal(
          subject, "the kernel hides addresses",
          advice: "run as root, or with CAP_SYSLOG, or set kernel.kptr_restrict to 0 or 1")
      }
      return address
    }
    return nil
  }
}
