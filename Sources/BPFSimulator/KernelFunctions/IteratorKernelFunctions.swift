import BPFExecution
import BPFMaps

/// Open-coded iterators. Their state is in the program's own memory, with the layouts of Linux.
///
/// - `struct bpf_iter_num` (8 bytes): the current number and the end, 32 bits each; `next` returns a pointer to the
///   current number.
/// - `struct bpf_iter_bits` (16 bytes): here the address of the copied bits, their count and the current bit.
let iteratorKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_iter_num_new", body: numberNew),
  .init(name: "bpf_iter_num_next", body: numberNext),
  .init(name: "bpf_iter_num_destroy") { run, invocation throws(ExecutionFault) in
    try run.write([UInt8](repeating: 0, count: 8), to: invocation.r1, "bpf_iter_num_destroy", argument: 1)
    return 0
  },
  .init(name: "bpf_iter_bits_new", body: bitsNew),
  .init(name: "bpf_iter_bits_next", body: bitsNext),
  .init(name: "bpf_iter_bits_destroy", body: bitsDestroy),
]

/// The greatest distance of the ends of a number iterator (`BPF_MAX_LOOPS`).
private let maximumDistance: Int64 = 8 * 1024 * 1024

private func numberNew(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let (start, end) = (Int32(truncatingIfNeeded: invocation.r2), Int32(truncatingIfNeeded: invocation.r3))
  var result: UInt64 = 0
  var state: (Int32, Int32) = (0, 0)
  if start > end {
    result = LinuxErrno.invalidArgument.register
  } else if Int64(end) - Int64(start) > maximumDistance {
    result = LinuxErrno.tooBig.register
  } else {
    // The first call of `next` moves to the start.
    state = (start &- 1, end)
  }
  let bytes = [state.0, state.1].flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
  try run.write(bytes, to: invocation.r1, "bpf_iter_num_new", argument: 1)
  return result
}

private func numberNext(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let memory = run.machine.memory
  let address = invocation.r1
  guard let current = memory.load(address, as: Int32.self), let end = memory.load(address + 4, as: Int32.self) else {
    throw run.invalidArgument("bpf_iter_num_next", 1, address, "a bpf_iter_num")
  }
  // The number in front of the smallest is the greatest, as in Linux.
  guard current &+ 1 < end else {
    _ = memory.store(0 as UInt64, at: address)
    return 0
  }
  guard memory.store(current &+ 1, at: address) else {
    throw run.invalidArgument("bpf_iter_num_next", 1, address, "a bpf_iter_num")
  }
  return address
}

/// The greatest number of 64-bit words (`BITS_ITER_NR_WORDS_MAX`).
private let maximumWords: UInt64 = 511

private func bitsNew(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_iter_bits_new"
  let (iterator, source, count) = (invocation.r1, invocation.r2, UInt64(UInt32(truncatingIfNeeded: invocation.r3)))
  try run.write([UInt8](repeating: 0, count: 16), to: iterator, name, argument: 1)
  guard source != 0, count > 0 else { return LinuxErrno.invalidArgument.register }
  guard count <= maximumWords else { return LinuxErrno.tooBig.register }
  guard let bytes = run.machine.memory.read(source, byteCount: Int(count) * 8) else {
    return LinuxErrno.badAddress.register
  }
  let copy: ProgramAddress
  do {
    copy = try run.machine.takeContext(bytes + [0, 0, 0, 0], isWritable: false, name: "the bits of an iterator")
  } catch {
    return LinuxErrno.outOfMemory.register
  }
  let state = [copy, count * 64 << 32 | UInt64(UInt32.max)]
  try run.write(
    state.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }, to: iterator, name, argument: 1)
  return 0
}

private func bitsNext(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let memory = run.machine.memory
  let iterator = invocation.r1
  guard let bits = memory.load(iterator, as: UInt64.self), let position = memory.load(iterator + 8, as: Int32.self),
    let count = memory.load(iterator + 12, as: UInt32.self)
  else { throw run.invalidArgument("bpf_iter_bits_next", 1, iterator, "a bpf_iter_bits") }
  var bit = Int64(position) + 1
  while bits != 0, bit < Int64(count) {
    if let byte = memory.load(bits + UInt64(bit / 8), as: UInt8.self), byte >> UInt8(bit % 8) & 1 == 1 {
      // The number is handed out where it lives, after the bits, so that the program can read it.
      let place = bits + UInt64(count / 8)
      memory.storeAsKernel(withUnsafeBytes(of: Int32(bit).littleEndian, Array.init), at: place)
      _ = memory.store(Int32(bit), at: iterator + 8)
      return place
    }
    bit += 1
  }
  _ = memory.store(Int32(clamping: count), at: iterator + 8)
  return 0
}

private func bitsDestroy(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let memory = run.machine.memory
  if let bits = memory.load(invocation.r1, as: UInt64.self), bits != 0 { run.machine.giveBackContext(bits) }
  try run.write([UInt8](repeating: 0, count: 16), to: invocation.r1, "bpf_iter_bits_destroy", argument: 1)
  return 0
}
