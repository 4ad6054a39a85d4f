import BPFExecution
import BPFMaps

/// Reading and writing the memory of user space and of the kernel.
///
/// The `bpf_probe_read` family reads what is resident; `bpf_copy_from_user` and its kin may sleep until a page is
/// brought in, so only a sleepable program or callback may call them.
let userMemoryHelpers: [HelperImplementation] = [
  .init("bpf_probe_read_user", probing("bpf_probe_read_user", from: .user)),
  .init("bpf_probe_read_kernel", probing("bpf_probe_read_kernel", from: .kernel)),
  .init("bpf_probe_read", probing("bpf_probe_read", from: .either)),
  .init("bpf_probe_read_user_str", probingString("bpf_probe_read_user_str", from: .user)),
  .init("bpf_probe_read_kernel_str", probingString("bpf_probe_read_kernel_str", from: .kernel)),
  .init("bpf_probe_read_str", probingString("bpf_probe_read_str", from: .either)),
  .init("bpf_probe_write_user", probeWriteUser),
  .init("bpf_copy_from_user", copyFromUser),
  .init("bpf_copy_from_user_task", copyFromUserTask),
]

/// Which half of the address space a function reads.
enum ProbeSource: Sendable {
  case user
  case kernel
  case either

  func isUser(_ address: UInt64) -> Bool { self == .user || (self == .either && address < UserMemory.end) }

  /// Whether an address of 48 bits can be the kernel's.
  static func isKernel(_ address: UInt64) -> Bool { address >= 0xffff_8000_0000_0000 }
}

/// Strings of user memory as Linux copies them.
enum UserString {
  /// What is written for a string that was read up to a limit: by words of eight bytes as far as there is room, so that
  /// zeros follow the one at its end up to the end of the word; cut off, it is terminated.
  static func stored(_ string: [UInt8], limit: Int) -> [UInt8] {
    guard !string.isEmpty, string.last == 0 else { return string.dropLast() + [0] }
    let wordEnd = (string.count + 7) / 8 * 8
    return wordEnd <= limit ? string + [UInt8](repeating: 0, count: wordEnd - string.count) : string
  }
}

extension ProgramRun {
  /// What a helper that does not sleep finds at an address.
  func probe(_ address: UInt64, count: Int, from source: ProbeSource) -> Result<[UInt8], LinuxErrno> {
    if source.isUser(address) {
      return task.memory?.read(address, count: count, .residentOnly).map(Result.success) ?? .failure(.badAddress)
    }
    guard count > 0 else { return .success([]) }
    guard ProbeSource.isKernel(address) else { return .failure(.rangeError) }
    return machine.memory.read(address, byteCount: count).map(Result.success) ?? .failure(.badAddress)
  }

  /// A string at an address with its zero byte, cut off where it is longer than the limit.
  func probeString(_ address: UInt64, limit: Int, from source: ProbeSource) -> Result<[UInt8], LinuxErrno> {
    if source.isUser(address) {
      let string = task.memory?.readString(address, limit: limit, .residentOnly)
      return string.map(Result.success) ?? .failure(.badAddress)
    }
    guard ProbeSource.isKernel(address) else { return .failure(.rangeError) }
    guard let string = machine.memory.readCString(address, limit: limit) else { return .failure(.badAddress) }
    return .success(string.prefix(limit - 1) + [0])
  }

  /// Faults of the run's thread are served while the thread sleeps and its CPU is free for others.
  func faultingAccess(by task: SimulatedTask) -> UserMemory.Access {
    .faulting { fault, handler in self.machine.serve(fault, for: task, on: self.cpu, meanwhile: handler) }
  }

  /// A copy that may sleep, recorded in the timeline; `nil` is `-EFAULT`.
  func copyFromUser(
    _ address: UInt64, count: Int, of task: SimulatedTask, _ function: String
  ) -> [UInt8]? {
    let bytes = task.memory?.read(address, count: count, faultingAccess(by: self.task))
    let result = bytes.map { Int64($0.count) } ?? LinuxErrno.badAddress.returnValue
    machine.record(.copiedFromUser(function: function, address: address, result: result), on: cpu)
    return bytes
  }
}

private func probing(_ name: String, from source: ProbeSource) -> FunctionBody {
  { run, invocation throws(ExecutionFault) in try probeRead(run, &invocation, name, from: source) }
}

private func probingString(_ name: String, from source: ProbeSource) -> FunctionBody {
  { run, invocation throws(ExecutionFault) in try probeReadString(run, &invocation, name, from: source) }
}

/// A failed read leaves zeros, so that a program never sees what was there before.
private func probeRead(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String, from source: ProbeSource
) throws(ExecutionFault) -> UInt64 {
  let count = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  switch run.probe(invocation.r3, count: count, from: source) {
  case .success(let bytes):
    try run.write(bytes, to: invocation.r1, name, argument: 1)
    return 0
  case .failure(let errno):
    try run.write([UInt8](repeating: 0, count: count), to: invocation.r1, name, argument: 1)
    return errno.register
  }
}

/// Reads a string with its zero byte and returns the length with it; a string that is cut off is terminated.
private func probeReadString(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String, from source: ProbeSource
) throws(ExecutionFault) -> UInt64 {
  let limit = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  guard limit > 0 else { return 0 }
  try run.requireWritable(invocation.r1, count: limit, name, argument: 1)
  switch run.probeString(invocation.r3, limit: limit, from: source) {
  case .success(let string):
    let stored = source.isUser(invocation.r3) ? UserString.stored(string, limit: limit) : string
    try run.write(stored, to: invocation.r1, name, argument: 1)
    return UInt64(string.count)
  case .failure(let errno):
    try run.write([UInt8](repeating: 0, count: limit), to: invocation.r1, name, argument: 1)
    return errno.register
  }
}

private func probeWriteUser(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_probe_write_user"
  let count = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r3)), name, argument: 3)
  let bytes = try run.bytes(invocation.r2, count: count, name, argument: 2)
  guard run.cpu.context <= .task, !run.task.isExiting, run.task.kind == .user else {
    return LinuxErrno.operationNotPermitted.register
  }
  return run.task.memory?.write(bytes, at: invocation.r1, .residentOnly) == true ? 0 : LinuxErrno.badAddress.register
}

private func copyFromUser(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_copy_from_user"
  try run.requireSleepable(name)
  let count = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  let destination = invocation.r1
  let bytes = run.copyFromUser(invocation.r3, count: count, of: run.task, name)
  try run.write(bytes ?? [UInt8](repeating: 0, count: count), to: destination, name, argument: 1)
  return bytes == nil ? LinuxErrno.badAddress.register : 0
}

private func copyFromUserTask(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_copy_from_user_task"
  try run.requireSleepable(name)
  let count = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  let task = try run.task(invocation.r4, name, argument: 4)
  guard invocation.r5 == 0 else { return LinuxErrno.invalidArgument.register }
  guard count > 0 else { return 0 }
  let destination = invocation.r1
  let bytes = run.copyFromUser(invocation.r3, count: count, of: task, name)
  try run.write(bytes ?? [UInt8](repeating: 0, count: count), to: destination, name, argument: 1)
  return bytes == nil ? LinuxErrno.badAddress.register : 0
}
