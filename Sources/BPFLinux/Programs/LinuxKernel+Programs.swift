import BPFInstructions
import BPFObject
import BPFTypeFormat
import SystemPackage

extension LinuxKernel {
  /// Loads one program (`BPF_PROG_LOAD`).
  ///
  /// The log is asked for only after a refusal, in one more call, or two when it is long: the kernel then says how long.
  func load(
    _ program: Program, image: ProgramImage, of object: ObjectFile, types: Descriptor?
  ) throws(BPFError) -> LinuxProgram {
    var (attributes, buffers) = try request(program, image, of: object, types: types)
    let errno: Errno
    switch load(&attributes, buffers) {
    case .success(let descriptor): return try LinuxProgram(descriptor, program, kernel: self)
    case .failure(let error): errno = error
    }
    withExtendedLifetime(types) {}
    throw refusal(program, errno, try log(&attributes, buffers, errno), image)
  }

  /// Has the kernel's verifier look at one program, and keeps nothing of it.
  ///
  /// - Parameters:
  ///   - flags: bits of `prog_flags` besides those that the program's kind has.
  ///   - logLevel: the bits of `log_level`: 1 for the trace of instructions, 2 for more of it, 4 for messages and counts.
  ///   - logSize: the number of bytes that the log may have; of a longer one the end is kept.
  func verify(
    _ program: Program, image: ProgramImage, of object: ObjectFile, types: Descriptor?, flags: UInt32, logLevel: UInt32,
    logSize: Int
  ) throws(BPFError) -> LinuxVerdict {
    var (attributes, buffers) = try request(program, image, of: object, types: types)
    attributes.programFlags |= flags
    let log = KernelBuffer(count: logSize)
    buffers.log = log
    attributes.logLevel = logLevel
    attributes.logBuffer = log.address
    attributes.logSize = UInt32(truncatingIfNeeded: logSize)
    let result = load(&attributes, buffers)
    withExtendedLifetime(types) {}
    switch result {
    case .success(let descriptor):
      descriptor.close()
      return LinuxVerdict(errno: nil, log: log.text, logByteCount: Int(attributes.logTrueSize))
    case .failure(let error):
      return LinuxVerdict(errno: error, log: log.text, logByteCount: Int(attributes.logTrueSize))
    }
  }

  /// What a load asks of the kernel, after the guard has let the program pass.
  private func request(
    _ program: Program, _ image: ProgramImage, of object: ObjectFile, types: Descriptor?
  ) throws(BPFError) -> (ProgramLoadAttributes, Buffers) {
    // The last place before the kernel, so that no way leads around it.
    try MapArgumentGuard(object: object).check(program)
    let instructions = KernelBuffer(image.instructions.encoded(byteOrder: .little))
    let license = KernelBuffer(object.license)
    let functions = KernelBuffer(words: image.functions)
    let lines = KernelBuffer(words: image.lines)
    // The first place is never referred to: 0 stands for the kernel itself.
    let modules = KernelBuffer(words: [0] + image.modules.map { UInt32(bitPattern: $0.descriptor.rawValue) })
    var attributes = ProgramLoadAttributes(
      programType: program.kind.type.rawValue, instructionCount: UInt32(truncatingIfNeeded: image.instructions.count),
      instructions: instructions.address, license: license.address, kernelVersion: try version().code,
      programName: KernelName(program.name), expectedAttachType: program.kind.attachType)
    if let token {
      attributes.programFlags |= MapFlags.tokenDescriptor.rawValue
      attributes.tokenDescriptor = token.descriptor.rawValue
    }
    if program.kind.isSleepable { attributes.programFlags |= 1 << 4 }
    if program.kind.hasFragments { attributes.programFlags |= 1 << 5 }
    if program.kind.type == .tracing || program.kind.type == .lsm {
      attributes.attachType = try attachTarget(of: program)
    }
    if let types {
      attributes.btfDescriptor = types.rawValue
      attributes.functionInfoSize = 8
      attributes.functionInfo = functions.address
      attributes.functionInfoCount = UInt32(truncatingIfNeeded: image.functions.count / 2)
      attributes.lineInfoSize = 16
      attributes.lineInfo = lines.address
      attributes.lineInfoCount = UInt32(truncatingIfNeeded: image.lines.count / 4)
    }
    if !image.modules.isEmpty { attributes.descriptors = modules.address }
    return (
      attributes,
      Buffers(
        instructions: instructions, license: license, functions: functions, lines: lines, modules: modules,
        moduleTypes: image.modules)
    )
  }

  private struct Buffers {
    var instructions: KernelBuffer
    var license: KernelBuffer
    var functions: KernelBuffer
    var lines: KernelBuffer
    var modules: KernelBuffer
    /// They hold the descriptors that stand in `modules`.
    var moduleTypes: [ModuleTypes]
    var log: KernelBuffer?
  }

  /// One load; the kernel gives up with EAGAIN when something else keeps it from verifying, and is asked again then.
  private func load(_ attributes: inout ProgramLoadAttributes, _ buffers: Buffers) -> Result<Descriptor, Errno> {
    var tries = 5
    while true {
      do throws(Errno) {
        let number = try systemCalls.perform(
          .programLoad, &attributes, keeping: buffers.instructions, buffers.license, buffers.functions, buffers.lines,
          buffers.modules, buffers.log)
        withExtendedLifetime(buffers.moduleTypes) {}
        return .success(Descriptor(number, systemCalls))
      } catch {
        tries -= 1
        guard error == .resourceTemporarilyUnavailable, tries > 0 else { return .failure(error) }
      }
    }
  }

  /// Loads a refused program again, for its log.
  private func log(
    _ attributes: inout ProgramLoadAttributes, _ buffers: Buffers, _ errno: Errno
  ) throws(BPFError) -> String {
    guard errno != .notPermitted, errno != .noFunction else { return "" }
    var buffers = buffers
    var size = 1 << 16
    for _ in 0..<2 {
      let log = KernelBuffer(count: size)
      buffers.log = log
      attributes.logLevel = 1
      attributes.logBuffer = log.address
      attributes.logSize = UInt32(truncatingIfNeeded: size)
      guard case .failure(let error) = load(&attributes, buffers) else { return "" }
      let needed = Int(attributes.logTrueSize)
      guard error == .noSpace, needed > size, needed <= 256 << 20 else { return log.text }
      size = needed
    }
    return buffers.log?.text ?? ""
  }

  private func refusal(_ program: Program, _ errno: Errno, _ log: String, _ image: ProgramImage) -> BPFError {
    let subject = "program '\(program.name)'"
    var error = BPFError(subject, .programLoad, errno, verifierLog: log)
    for (number, name) in image.missing where log.contains("func unknown#\(number)") {
      error.problem = "it can reach a call of '\(name)', which this kernel does not have"
      error.advice = "test for it with bpf_ksym_exists before the call"
    }
    if errno == .notPermitted, (try? rights().mayTrace) ?? false,
      program.kind.type == .tracing || program.kind.type == .lsm
    {
      error.problem = "this kernel lets no programs of section '\(program.kind.prefix)' to be attached to functions"
      error.advice = "it may be locked down, or built without what patches functions; use a tracepoint or a probe"
    }
    if log.contains("invalid func unknown#195896080") {
      error.problem = "it can reach an access to a field or type that this kernel does not have"
      error.advice = "test for it with bpf_core_field_exists or bpf_core_type_exists before the access"
    }
    return error
  }

  /// The function or type of the kernel that a tracing program is for.
  private func attachTarget(of program: Program) throws(BPFError) -> UInt32 {
    let target = program.kind.target
    let subject = "program '\(program.name)'"
    guard !target.isEmpty else {
      throw .refusal(subject, "its section names nothing to trace", advice: "write SEC(\"\(program.section)/name\")")
    }
    let name: String
    let kind: BTFKind
    switch AttachType(rawValue: program.kind.attachType) {
    case .traceRawTracepoint: (name, kind) = ("btf_trace_\(target)", .typedef)
    case .traceIterator: (name, kind) = ("bpf_iter_\(target)", .function)
    case .lsmMAC, .lsmCgroup: (name, kind) = ("bpf_lsm_\(target)", .function)
    default: (name, kind) = (target, .function)
    }
    guard let type = try types().first(named: name, kind: kind) else {
      throw .refusal(subject, "this kernel has no '\(target)' to trace")
    }
    return type.rawValue
  }
}
